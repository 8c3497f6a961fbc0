"""Cross entropy: softmax with numbers, the label, and p - t."""

from __future__ import annotations

import numpy as np

from tinyconv.backend import move

from .activation import softmax_lines
from .case import Case, explains, numbers
from .terms import Column, Part, Sum, short, total


@explains("x t -> loss", "cross_entropy")
def cross_entropy(case: Case) -> Sum:
    (m,) = case.at
    row = numbers(case.x, m)
    log = float(np.log(np.exp(row - row.max()).sum()) + row.max())
    if "labels" not in case.event.arguments:
        return _soft(case, row, log)
    label = int(move(case.argument("labels"), "cpu")[m])
    parts = (
        Part(Column("ln sum_j e^x_j", values=log)),
        Part(Column("x", case.x, (m, label)), sign=-1, note="the label's"),
    )
    return total("loss_n = ln sum_j e^x_nj - x_n,label", *parts, asides=softmax_lines(row, label, label))


def _soft(case: Case, row: np.ndarray, log: float) -> Sum:
    """With targets t instead of a label."""
    x, t = case.event.inputs
    k = np.arange(len(row))
    surprise = Column("ln sum_j e^x_j - x", x, (case.at[0], k), log - row)
    part = Part(Column("t", t, (case.at[0], k)), surprise, note=lambda place: f"class {place[0]}")
    return total("loss_n = sum_k t_nk (ln sum_j e^x_nj - x_nk)", part, asides=softmax_lines(row, 0))


@explains("dy -> dx", "cross_entropy'")
def gradient(case: Case) -> Sum:
    """With labels: with targets it is made of other operations."""
    m, k = case.at
    x = case.forward.inputs[0]
    row = numbers(x, m)
    label = int(move(case.forward.arguments["labels"], "cpu")[m])
    e = np.exp(row - row.max())
    p, t = float(e[k] / e.sum()), float(k == label)
    dy = Column("dloss", case.x, (m,))
    parts = (
        Part(dy, Column("p", x, case.at, p), note="softmax"),
        Part(dy, Column("t", values=t), sign=-1, note="target"),
    )
    asides = [*softmax_lines(row, k, label), f"p - t = {short(p)} - {short(t)} = {short(p - t)}"]
    return total("dx_nk = dloss_n (p_nk - t_nk),   p = softmax(x)", *parts, asides=asides)
