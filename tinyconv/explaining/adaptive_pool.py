"""Adaptive pooling: the bins that follow from the size asked for."""

from __future__ import annotations

import numpy as np

from .case import Case, explains
from .pool import contest
from .terms import Column, Part, Sum, total


@explains("x -> y", "adaptive_max_pool2d")
def adaptive_max_pool2d(case: Case) -> Sum:
    n, c, oy, ox = case.at
    iy, ix = bin_of(case, oy, 0), bin_of(case, ox, 1)
    formula = "y[n,c,oy,ox] = max of x[n,c,iy,ix] over the bin (oy, ox)"
    return total(formula, *contest(case.x, (n, c, iy[:, None], ix), "bin"), asides=[_bin(iy, ix)])


@explains("x -> y", "adaptive_avg_pool2d")
def adaptive_avg_pool2d(case: Case) -> Sum:
    n, c, oy, ox = case.at
    iy, ix = bin_of(case, oy, 0), bin_of(case, ox, 1)
    pixels = Part(Column("x", case.x, (n, c, iy[:, None], ix)), Column("1 / n", values=1 / (iy.size * ix.size)))
    return total("y[n,c,oy,ox] = mean of x[n,c,iy,ix] over the bin (oy, ox)", pixels, asides=[_bin(iy, ix)])


@explains("dy -> dx", "adaptive_avg_pool2d_input")
def adaptive_avg_pool2d_input(case: Case) -> Sum:
    n, c, *pixel = case.at
    found = []
    for i, size, bins in zip(pixel, case.event.output.shape[2:], case.x.shape[2:], strict=True):
        ends = [_ends(o, size, bins) for o in range(bins)]
        found.append([(o, stop - start) for o, (start, stop) in enumerate(ends) if start <= i < stop])
    (oy, rows), (ox, columns) = (np.array(pairs).T for pairs in found)
    share = Column("1 / n", values=1 / (rows[:, None] * columns))
    windows = Part(
        Column("dy", case.x, (n, c, oy[:, None], ox)),
        share,
        note=lambda place: f"bin ({oy[place[0]]}, {ox[place[1]]})",
    )
    return total("dx[n,c,iy,ix] = sum of dy[n,c,oy,ox] / (pixels of the bin) over all bins with the pixel", windows)


def bin_of(case: Case, o: int, axis: int) -> np.ndarray:
    """The rows (axis 0) or columns (axis 1) of bin o."""
    return np.arange(*_ends(o, case.x.shape[2 + axis], case.event.output.shape[2 + axis]))


def _ends(o: int, size: int, bins: int) -> tuple[int, int]:
    return o * size // bins, -(-(o + 1) * size // bins)


def _bin(iy: np.ndarray, ix: np.ndarray) -> str:
    return f"the bin has rows {iy[0]} to {iy[-1]}, columns {ix[0]} to {ix[-1]}"
