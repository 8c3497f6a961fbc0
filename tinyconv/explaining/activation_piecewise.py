"""Activation functions with a corner, made of pieces."""

from __future__ import annotations

import numpy as np

from .case import Case, explains
from .terms import Column, Part, Sum, short, total


@explains("x -> y", "relu6")
def relu6(case: Case) -> Sum:
    x = case.here("x", case.x)
    note = "x <= 0: blocked" if x.values <= 0 else "0 < x < 6: passes" if x.values < 6 else "x >= 6: held at 6"
    return total("y = min(max(x, 0), 6)", Part(x, values=np.clip(x.values, 0, 6), note=note))


@explains("dy -> dx", "relu6_input")
def relu6_input(case: Case) -> Sum:
    dy, y = case.here("dy", case.x), case.here("y", case.argument("y")).values
    passes = (y > 0) & (y < 6)
    note = f"y = {short(y.item())}, {'between 0 and 6: dy passes' if passes else 'an end: dy is blocked'}"
    return total("dx = dy where 0 < y < 6, 0 elsewhere", Part(dy, values=np.where(passes, dy.values, 0), note=note))


@explains("x weight -> y", "prelu")
def prelu(case: Case) -> Sum:
    x, (_, w) = case.here("x", case.x), case.event.inputs
    formula = "y = x where x > 0, weight x elsewhere"
    if x.values > 0:
        return total(formula, Part(x, note="x > 0: passes"))
    channel = 0 if w.shape == (1,) else case.at[1]
    return total(formula, Part(Column("weight", w, (channel,)), x, note="x <= 0"))


@explains("x -> y", "elu")
def elu(case: Case) -> Sum:
    x, alpha = case.here("x", case.x), case.argument("alpha")
    formula = "y = x where x > 0, alpha (e^x - 1) elsewhere"
    if x.values > 0:
        return total(formula, Part(x, note="x > 0: passes"))
    decay = Column("e^x - 1", case.x, case.at, np.expm1(x.values))
    return total(formula, Part(Column("alpha", values=alpha), decay, note="x <= 0"), scale=alpha)


@explains("dy y -> dx", "elu_input")
def elu_input(case: Case) -> Sum:
    dy, y = (case.here(letter, x) for letter, x in zip(("dy", "y"), case.event.inputs, strict=True))
    formula = "dx = dy where y > 0, dy (y + alpha) elsewhere"
    if y.values > 0:
        return total(formula, Part(dy, note="y > 0: passes"))
    slope = Column("y + alpha", y.tensor, y.index, y.values + case.argument("alpha"))
    return total(formula, Part(dy, slope, note="y <= 0"), scale=abs(dy.values.item()) * case.argument("alpha"))
