"""Activation functions, and their gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .case import Case, explains, numbers
from .terms import Column, Part, Sum, short, total


def elementwise(case: Case, f: Callable, words: str, scale: float = 0.0) -> Sum:
    """y = f(x), with the number put into the equation; `words` has {x} where it is to stand."""
    x = case.here("x", case.x)
    aside = f"y = {words.format(x=_bracketed(x.values.item()))}"
    y = f(x.values)
    steepness = float(np.abs(x.values * y))  # e^x and the like: rounding of x shows in y so much the more
    return total("", Part(x, values=y), asides=[aside], scale=scale + steepness)


@explains("x -> y", "relu")
def relu(case: Case) -> Sum:
    x = case.here("x", case.x)
    note = "x > 0: passes" if x.values > 0 else "x <= 0: blocked" if x.values <= 0 else "x is NaN"
    return total("y = max(x, 0)", Part(x, values=np.maximum(x.values, 0), note=note))


@explains("dy -> dx", "relu_input")
def relu_input(case: Case) -> Sum:
    y, gain = case.here("y", case.argument("y")), case.argument("gain")
    passes = y.values > 0
    dy = case.here("dy", case.x)
    note = f"y = {short(y.values.item())} > 0: dy passes" if passes else "y = 0: dy is blocked"
    factors = [dy] if gain == 1 else [dy, Column("gain", values=gain)]
    part = Part(*factors, note=note) if passes else Part(dy, values=0.0, note=note)
    return total("dx = dy where y > 0, 0 elsewhere", part)


@explains("x -> y", "leaky_relu")
def leaky_relu(case: Case) -> Sum:
    x, s = case.here("x", case.x), case.argument("negative_slope")
    part = Part(x, note="x > 0") if x.values > 0 else Part(x, Column("negative_slope", values=s), note="x <= 0")
    return total("y = x where x > 0, negative_slope x elsewhere", part)


@explains("dy -> dx", "leaky_relu_input")
def leaky_relu_input(case: Case) -> Sum:
    dy, s = case.here("dy", case.x), case.argument("negative_slope")
    x = case.here("x", case.argument("x"))
    slope = [] if x.values > 0 else [Column("negative_slope", values=s)]
    return total("dx = dy where x > 0, negative_slope dy elsewhere", Part(dy, *slope, note=_sign(x)))


@explains("x -> y", "sigmoid")
def sigmoid(case: Case) -> Sum:
    return elementwise(case, lambda x: 1 / (1 + np.exp(-x)), "1 / (1 + e^-{x})", scale=1)


@explains("dy y -> dx", "sigmoid_input")
def sigmoid_input(case: Case) -> Sum:
    dy, y = (case.here(letter, x) for letter, x in zip(("dy", "y"), case.event.inputs, strict=True))
    return total("dx = dy y (1 - y)", Part(dy, y, Column("1 - y", values=1 - y.values)), scale=_size(dy, y))


@explains("x -> y", "tanh")
def tanh(case: Case) -> Sum:
    return elementwise(case, np.tanh, "tanh {x}")


@explains("dy y -> dx", "tanh_input")
def tanh_input(case: Case) -> Sum:
    dy, y = (case.here(letter, x) for letter, x in zip(("dy", "y"), case.event.inputs, strict=True))
    return total("dx = dy (1 - y^2)", Part(dy, Column("1 - y^2", values=1 - y.values**2)), scale=_size(dy))


@explains("x -> y", "softmax")
def softmax(case: Case) -> Sum:
    x, row = _row(case)
    part = Part(Column("e^x", case.x, case.at, np.exp(x - row.max())), Column("1 / sum", values=1 / _sum(row)))
    return total("y_i = e^x_i / sum_j e^x_j", part, asides=softmax_lines(row, case.at[case.argument("dim")]))


@explains("x -> y", "log_softmax")
def log_softmax(case: Case) -> Sum:
    _, row = _row(case)
    log = np.log(_sum(row)) + row.max()
    parts = Part(case.here("x", case.x)), Part(Column("ln sum_j e^x_j", values=log), sign=-1)
    asides = softmax_lines(row, case.at[case.argument("dim")])
    return total("y_i = x_i - ln sum_j e^x_j", *parts, asides=asides)


def softmax_lines(row: np.ndarray, i: int, label: int | None = None) -> list[str]:
    """The softmax of a row, with numbers; of many, those around place i."""
    p = np.exp(row - row.max()) / _sum(row)
    first = max(min(i - 5, len(row) - 10), 0)
    shown = [f"{'>' if j == label else ''}{j}: {p[j]:.4g}" for j in range(first, min(first + 10, len(row)))]
    dots = "   ..." if len(shown) < len(row) else ""
    marked = "" if label is None else f"   (> the label, {label})"
    return [f"softmax   {'   '.join(shown)}{dots}{marked}"]


def _row(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """x here, and all numbers along the axis of the softmax."""
    axis = case.argument("dim")
    return numbers(case.x, *case.at), numbers(case.x, *case.at[:axis], slice(None), *case.at[axis + 1 :])


def _sum(row: np.ndarray) -> float:
    return float(np.exp(row - row.max()).sum())


def _sign(x: Column) -> str:
    return f"x = {short(x.values.item())} {'> 0' if x.values > 0 else '<= 0'}"


def _size(*columns: Column) -> float:
    return float(np.abs(np.prod([c.values for c in columns])))


def _bracketed(value: float) -> str:
    return f"({short(value)})" if value < 0 else short(value)
