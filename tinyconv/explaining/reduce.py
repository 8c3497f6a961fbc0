"""Sums, and the largest or smallest along axes."""

from __future__ import annotations

from typing import Any

from .case import Case, explains, grid
from .pool import contest
from .terms import Column, Part, Sum, total


@explains("x -> y", "sum")
def sum_of(case: Case) -> Sum:
    return total("y = sum of x along the axes", Part(Column("x", case.x, _along(case))))


@explains("x -> y", "amax", "max")
def largest(case: Case) -> Sum:
    return total("y = the largest of x along the axes", *contest(case.x, _along(case), "row"))


@explains("x -> y", "amin", "min")
def smallest(case: Case) -> Sum:
    return total("y = the smallest of x along the axes", *contest(case.x, _along(case), "row", smallest=True))


def _along(case: Case) -> list[Any]:
    """The elements that became this number."""
    X, axes = case.x.shape, case.argument("dim")
    ranges = grid(*(n if axis in axes else 1 for axis, n in enumerate(X)))
    if case.event.output.ndim == len(X):
        return [r if axis in axes else case.at[axis] for axis, r in enumerate(ranges)]
    kept = iter(case.at)
    return [r if axis in axes else next(kept) for axis, r in enumerate(ranges)]
