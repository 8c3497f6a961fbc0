"""Where the debugger is to stop: a layer, an operation, or a condition on a step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tinyconv.backend import Array, array_module
from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.tensor import Tensor

if TYPE_CHECKING:
    from .step import Step
    from .steps import Steps

Breakpoint = Callable[["Step"], bool]


def place(steps: Steps, where: str | Breakpoint) -> Breakpoint:
    """`where` as a condition: the path of a layer or block, the name of an operation, or a condition itself."""
    if callable(where):
        return where
    known = steps.names()
    if where not in known:
        raise UnknownNameError("to", "layer or operation", where, known)
    return lambda step: where in (step.name, step.module) or step.module.startswith(f"{where}.")


def nan(step: Step) -> bool:
    """A number of this step, of its output or of a gradient, is NaN or infinite."""
    return any(not bool(array_module(a).isfinite(a).all()) for a in _arrays(step) if a.dtype.kind in "fc")


def norm_above(limit: float) -> Breakpoint:
    """A gradient that leaves this step has a norm, sqrt(sum of squares), above the limit (or NaN)."""
    if not limit >= 0:
        raise ArgumentError("norm_above", f"limit is {limit}; it must be 0 or more.")
    return lambda step: any(not norm(c.total) <= limit for c in step.contributions)


def norm(x: Tensor) -> float:
    """sqrt(sum of x^2), in double precision"""
    xp = array_module(x.data)
    return math.sqrt(float(xp.square(xp.abs(x.data), dtype=np.float64).sum()))


def _arrays(step: Step) -> list[Array]:
    if step.forward:
        return [] if step.output is None else [step.output.data]
    return [*([] if step.dy is None else [step.dy.data]), *[c.total.data for c in step.contributions]]
