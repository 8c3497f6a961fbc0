"""Dropout: kept or dropped."""

from __future__ import annotations

import numpy as np

import tinyconv.kernels as kernels

from .case import Case, explains, numbers
from .terms import Column, Part, Sum, total

FORMULA = "y = x / (1 - p) with probability 1 - p, 0 with probability p"


@explains("x -> y", "dropout")
def dropout(case: Case) -> Sum:
    return _fate(case, case.here("x", case.x).values, case.result().values)


@explains("x -> y", "dropout2d")
def dropout2d(case: Case) -> Sum:
    channel = case.at[:2]
    return _fate(case, numbers(case.x, *channel), numbers(case.event.output, *channel))


def _fate(case: Case, x: np.ndarray, y: np.ndarray) -> Sum:
    """No mask is kept: whether it was dropped shows in what came out, unless nothing went in."""
    p = case.argument("p")
    factors = case.here("x", case.x), Column("1 / (1 - p)", values=kernels.survivors_gain(p))
    if (y != 0).any():
        return total(FORMULA, Part(*factors, note="kept"), asides=[f"p = {p:g}"])
    note = "dropped" if (x != 0).any() else "0, kept or dropped"
    return total(FORMULA, Part(factors[0], values=0.0, note=note), asides=[f"p = {p:g}"])
