"""Standardised rows: what layer, group and instance normalisation are made of."""

from __future__ import annotations

import math

import numpy as np

from .case import Case, explains, numbers
from .norm import standardised, three_paths
from .terms import Column, Part, Sum, short, total


def _row(case: Case, x: np.ndarray) -> tuple[float, float, float]:
    """Mean, variance and 1 / sqrt(var + eps) of a row."""
    mean, var = float(x.mean()), float(x.var())
    return mean, var, 1 / math.sqrt(var + _eps(case))


def _eps(case: Case) -> float:
    return (case.event if "eps" in case.event.arguments else case.forward).arguments["eps"]


@explains("x -> y", "standardise")
def standardise(case: Case) -> Sum:
    mean, var, r = _row(case, numbers(case.x, case.at[0]))
    x = case.here("x", case.x)
    parts = Part(x, Column("r", values=r)), Part(Column("mean", values=mean), Column("r", values=r), sign=-1)
    asides = [f"of {case.x.shape[1]} numbers: mean = {short(mean)}, var = {short(var)}, r = {short(r)}"]
    return total("y = x r - mean r,   r = 1 / sqrt(var + eps)", *parts, asides=asides)


@explains("dy -> dx", "standardise'")
def standardise_gradient(case: Case) -> Sum:
    x, (row, _) = case.forward.inputs[0], case.at
    mean, _, r = _row(case, numbers(x, row))
    every = row, np.arange(x.shape[1])
    xhat, here = (standardised("y", x, index, mean, r) for index in (every, case.at))
    dy_here, dy = case.here("dy", case.x), Column("dy", case.x, every)
    parts = three_paths(dy_here, dy, here, xhat, Column("r", values=r), lambda place: f"number {place[0]} of the row")
    formula = "dx = r (dy - mean(dy) - y mean(dy y)),   r = 1 / sqrt(var + eps)"
    return total(formula, *parts, asides=[f"r = {short(r)}, y here = {short(here.values.item())}"])
