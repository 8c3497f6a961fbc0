"""Arithmetic, element by element."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .activation import elementwise
from .case import Case, explains
from .terms import Column, Part, Sum, short, total


def both(case: Case) -> tuple[Column, Column]:
    a, b = case.event.inputs
    return case.here("a", a), case.here("b", b)


@explains("a b -> y", "add")
def add(case: Case) -> Sum:
    a, b = both(case)
    return total("y = a + b", Part(a), Part(b))


@explains("a b -> y", "sub")
def sub(case: Case) -> Sum:
    a, b = both(case)
    return total("y = a - b", Part(a), Part(b, sign=-1))


@explains("a b -> y", "mul")
def mul(case: Case) -> Sum:
    return total("y = a b", Part(*both(case)))


@explains("a b -> y", "div")
def div(case: Case) -> Sum:
    a, b = both(case)
    return total("y = a / b", Part(a, b, values=a.values / b.values, joined=" / "))


@explains("a b -> y", "pow")
def power(case: Case) -> Sum:
    a, *b = (case.here(letter, x) for letter, x in zip("ab", case.event.inputs, strict=False))
    n = b[0] if b else Column("b", values=case.argument("exponent"))
    return total("y = a^b", Part(a, n, values=a.values**n.values, joined=" ^ "))


@explains("a b -> y", "maximum")
def maximum(case: Case) -> Sum:
    return _larger(case, "y = max(a, b)", np.greater)


@explains("a b -> y", "minimum")
def minimum(case: Case) -> Sum:
    return _larger(case, "y = min(a, b)", np.less)


def _larger(case: Case, formula: str, wins: Callable) -> Sum:
    a, b = both(case)
    if a.values == b.values:
        return total(formula, Part(a, note="tie with b: each gets half of dy"), Part(b, values=0.0, note="tie"))
    first, second = (b, a) if np.isnan(b.values) or wins(b.values, a.values) else (a, b)
    return total(formula, Part(first, note="taken"), Part(second, values=0.0, note="not taken"))


@explains("a b -> y", "where")
def where(case: Case) -> Sum:
    holds = case.here("condition", case.argument("condition")).values != 0
    taken = both(case)[0 if holds else 1]
    note = f"the condition {'holds' if holds else 'does not hold'}"
    return total("y = a where the condition holds, b elsewhere", Part(taken, note=note))


@explains("x -> y", "neg")
def neg(case: Case) -> Sum:
    return total("y = -x", Part(case.here("x", case.x), sign=-1))


@explains("x -> y", "exp")
def exp(case: Case) -> Sum:
    return elementwise(case, np.exp, "e^{x}")


@explains("x -> y", "log")
def log(case: Case) -> Sum:
    return elementwise(case, np.log, "ln {x}")


@explains("x -> y", "sqrt")
def sqrt(case: Case) -> Sum:
    return elementwise(case, np.sqrt, "sqrt {x}")


@explains("x -> y", "abs")
def absolute(case: Case) -> Sum:
    return elementwise(case, np.abs, "|{x}|")


@explains("x -> y", "clip")
def clip(case: Case) -> Sum:
    x = case.here("x", case.x)
    low, high = case.argument("min"), case.argument("max")
    if low is not None and x.values < low:
        return total("y = x held between min and max", Part(Column("min", values=low), note=_beyond(x, "below")))
    if high is not None and x.values > high:
        return total("y = x held between min and max", Part(Column("max", values=high), note=_beyond(x, "above")))
    return total("y = x held between min and max", Part(x, note="between min and max: dy passes"))


def _beyond(x: Column, side: str) -> str:
    return f"x = {short(x.values.item())} is {side}: dy is blocked"
