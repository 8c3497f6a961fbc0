"""Arguments that several transforms have in common, checked as they are made."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

from tinyconv.errors import ArgumentError, UnknownNameError


def number(name: str, argument: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """`value` as a finite number from `low` to `high`."""
    if not _is_number(value) or not low <= value <= high:
        raise ArgumentError(name, f"{argument} is {value!r}; it must be a number{_limits(low, high)}.")
    return float(value)


def interval(name: str, argument: str, value: Any, low: float, high: float = math.inf) -> tuple[float, float]:
    """`value` as (lowest, highest), between `low` and `high`."""
    ends = tuple(value) if isinstance(value, (tuple, list)) else ()
    if len(ends) != 2 or not all(map(_is_number, ends)) or not low <= ends[0] <= ends[1] <= high:
        raise ArgumentError(
            name, f"{argument} is {value!r}; it must be a pair (lowest, highest) of numbers{_limits(low, high)}."
        )
    return float(ends[0]), float(ends[1])


def choice(name: str, argument: str, value: Any, known: Iterable[str]) -> str:
    """`value`, if it is among the known ones."""
    if value not in known:
        raise UnknownNameError(name, argument, value, known)
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _limits(low: float, high: float) -> str:
    if math.isinf(high):
        return "" if math.isinf(low) else f" of at least {low:g}"
    return f" from {low:g} to {high:g}"
