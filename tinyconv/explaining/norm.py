"""Batch normalisation: x-hat forward, and the three paths of its gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinyconv.tensor import Tensor

from .case import Case, explains, grid, numbers
from .terms import Column, Part, Place, Sum, short, total

FORWARD = "y = xhat weight + bias,   xhat = (x - mean) / sqrt(var + eps)"
TO_INPUT = "dx = weight r (dy - mean(dy) - xhat mean(dy xhat)),   r = 1 / sqrt(var + eps)"


@explains("x weight bias residual -> y", "batch_norm")
def batch_norm(case: Case) -> Sum:
    x, w, b, *residual = case.event.inputs
    c, eps = case.at[1], case.argument("eps")
    mean, var = (float(numbers(case.argument(name), c)) for name in ("mean", "var"))
    r = 1 / math.sqrt(var + eps)
    element = case.here("x", x).values.item()
    xhat, weight = Column("xhat", x, case.at, (element - mean) * r), Column("weight", w, (c,))
    parts = [Part(xhat, weight), Part(Column("bias", b, (c,)))]
    parts += [Part(case.here("residual", a)) for a in residual]
    whose = "of the batch" if case.argument("training") else "the running ones"
    asides = [
        f"mean = {short(mean)}, var = {short(var)}, {whose}",
        f"xhat = ({short(element)} - {short(mean)}) / sqrt({short(var)} + {eps:g}) = {short(xhat.values.item())}",
    ]
    if case.argument("relu"):
        passes = sum(part.values.sum() for part in parts) > 0
        asides.append(f"then max(y, 0): {'passes' if passes else 'blocked'}")
        if not passes:
            parts = [Part(*part.columns, values=0.0, note="blocked by ReLU") for part in parts]
    return total(FORWARD, *parts, asides=asides, scale=(abs(element) + abs(mean)) * r * abs(weight.values.item()))


@explains("dy -> dx", "batch_norm'")
def batch_norm_gradient(case: Case) -> Sum:
    """In training: where the statistics are constants, the gradient is made of other operations."""
    forward = case.forward
    x, w = forward.inputs[:2]
    which = case.which_input()
    if which == 3:
        return total("dresidual = dy", Part(_arriving(case, case.at)), letter="dresidual")
    c = case.at[1 if which == 0 else 0]
    n, *places = grid(*x.shape[:1], *x.shape[2:])
    channel = (n, c, *places)
    if which == 2:
        return total("dbias = sum of dy over the channel", Part(_arriving(case, channel), note=_place), letter="dbias")
    mean, var = (float(numbers(forward.arguments[name], c)) for name in ("mean", "var"))
    r = 1 / math.sqrt(var + forward.arguments["eps"])
    xhat = standardised("xhat", x, channel, mean, r)
    if which == 1:
        dw = Part(_arriving(case, channel), xhat, note=_place)
        return total("dweight = sum of dy xhat over the channel", dw, letter="dweight")
    here = standardised("xhat", x, case.at, mean, r)
    gain = float(numbers(w, c)) * r
    dy_here, dy = _arriving(case, case.at), _arriving(case, channel)
    parts = three_paths(dy_here, dy, here, xhat, Column("weight r", values=gain), _place)
    asides = [f"weight r = {short(gain)}, xhat here = {short(here.values.item())}"]
    return total(TO_INPUT, *parts, asides=asides)


def three_paths(dy_here: Column, dy: Column, here: Column, xhat: Column, gain: Column, note: Any) -> list[Part]:
    """x acts on y directly, through the mean of all that it is normalised with, and through their variance."""
    n, name = dy.values.size, gain.letter
    mean = Column(f"{name} / n", values=gain.values / n)
    variance = Column(f"{name} {here.letter} / n", values=gain.values * here.values / n)
    return [
        Part(dy_here, gain, path="direct"),
        Part(dy, mean, sign=-1, path="through the mean", note=lambda p: f"through the mean, {note(p)}"),
        Part(
            dy, xhat, variance, sign=-1, path="through the variance", note=lambda p: f"through the variance, {note(p)}"
        ),
    ]


def standardised(letter: str, x: Tensor, index: Any, mean: float, r: float) -> Column:
    """(x - mean) r at some places"""
    return Column(letter, x, index, (Column("x", x, index).values - mean) * r)


def _arriving(case: Case, index: Any) -> Column:
    """dy, where a ReLU that came last let it pass."""
    dy = Column("dy", case.x, index)
    if not case.forward.arguments["relu"]:
        return dy
    y = Column("y", case.forward.output, index).values
    return Column("dy", case.x, index, np.where(y > 0, dy.values, 0))


def _place(place: Place) -> str:
    n, *at = place
    return f"picture {n}, place ({', '.join(map(str, at))})" if at else f"sample {n}"
