"""Derivatives of a function of one number, from its values alone.

`phi(t)` is a flat array: all outputs of the function under check at x + t d, each times its random
weight. The derivative that is wanted is that of its sum, at t = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Phi = Callable[[complex], np.ndarray]
EPS = float(np.finfo(np.float64).eps)
SHRINK = 4  # each step of the table is this much smaller than the one before
LEVELS = 8


@dataclass(frozen=True, slots=True)
class Derivative:
    """A derivative, and how far the true one may lie from it: rounding, or half of the jump at a kink."""

    value: float
    width: float


def complex_step(phi: Phi, h: float) -> Derivative:
    """d/dt phi = Im phi(i h) / h, exact to rounding where phi is analytic.

    Nothing is subtracted, so h can be as small as one likes.
    Squire and Trapp 1998, "Using complex variables to estimate derivatives of real functions".
    """
    return Derivative(float(phi(1j * h).imag.sum() / h), 0.0)


def central(phi: Phi, at_zero: np.ndarray, step: float) -> Derivative:
    """D(h) = (phi(h) - phi(-h)) / 2h for ever smaller h, extrapolated to h = 0; the best of the table.

    Ridders 1982, "Accurate computation of F'(x) and F'(x) F''(x)". The derivatives from the right
    and from the left, extrapolated too, tell a kink: D of relu at 0 is 1/2 without a doubt, but
    1 from the right and 0 from the left.
    """
    best = Derivative(0.0, float("inf"))
    row: list[float] = []
    bend: np.ndarray | None = None
    for level in range(LEVELS):
        h = step / SHRINK**level
        up, down = phi(h), phi(-h)
        if not (np.isfinite(up).all() and np.isfinite(down).all()):
            continue  # the step leaves the domain, as log does left of 0
        coarser, coarser_bend = row, bend
        row = [float((up - down).sum()) / (2 * h)]
        bend = (up - at_zero - (at_zero - down)) / h  # right minus left: h f'' where phi is smooth
        if coarser_bend is None:
            continue
        moved = (up != at_zero) | (down != at_zero)
        noise = EPS * float(np.abs(at_zero[moved]).sum()) / h
        jump = float(np.abs((SHRINK * bend - coarser_bend) / (SHRINK - 1)).sum())
        for j, coarse in enumerate(coarser, 1):
            weight = SHRINK ** (2 * j)
            row.append((weight * row[-1] - coarse) / (weight - 1))
            error = max(abs(row[j] - row[j - 1]), abs(row[j] - coarse)) + noise
            if max(error, jump / 2) < best.width:
                best = Derivative(row[j], max(error, jump / 2))
        if best.width <= max(1e-10 * abs(best.value), 10 * noise):
            break
    return best
