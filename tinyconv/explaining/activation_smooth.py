"""Smooth activation functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .activation import elementwise
from .case import Case, explains
from .terms import Column, Part, Sum, total


@explains("x -> y", "silu")
def silu(case: Case) -> Sum:
    x = case.here("x", case.x)
    return total("y = x sigmoid(x)", Part(x, Column("sigmoid(x)", values=_sigmoid(x))), scale=abs(x.values.item()))


@explains("dy x -> dx", "silu_input")
def silu_input(case: Case) -> Sum:
    dy, x = (case.here(letter, t) for letter, t in zip(("dy", "x"), case.event.inputs, strict=True))
    s = _sigmoid(x)
    one, two = Column("s", values=s), Column("x s (1 - s)", x.tensor, x.index, x.values * s * (1 - s))
    return total("dx = dy s + dy x s (1 - s),   s = sigmoid(x)", Part(dy, one), Part(dy, two), scale=_size(dy, x))


def _sigmoid(x: Column) -> Any:
    return 1 / (1 + np.exp(-x.values))


def _size(dy: Column, x: Column) -> float:
    """How large dy x is: what 1 - s cancels was rounded in proportion to it."""
    return float(np.abs(dy.values) * (1 + np.abs(x.values)))


@explains("x -> y", "normal_cdf")
def normal_cdf(case: Case) -> Sum:
    return elementwise(case, lambda x: math.erfc(-x / math.sqrt(2)) / 2, "P(normal number <= {x})")


@explains("x -> y", "softplus")
def softplus(case: Case) -> Sum:
    beta, threshold = case.argument("beta"), case.argument("threshold")
    x = case.here("x", case.x)
    if beta * x.values > threshold:
        return total("y = ln(1 + e^(beta x)) / beta", Part(x, note="beta x is above the threshold: y = x"))
    return elementwise(case, lambda x: np.logaddexp(0, beta * x) / beta, f"ln(1 + e^({beta:g} * {{x}})) / {beta:g}")
