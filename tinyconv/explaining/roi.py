"""Regions of interest."""

from __future__ import annotations

import numpy as np

from tinyconv.backend import move

from .case import Case, explains
from .pool import contest
from .terms import Column, Part, Sum, total


@explains("x -> y", "roi_pool")
def roi_pool(case: Case) -> Sum:
    picture, rows, columns = _boxes(case)
    r, c, oy, ox = case.at
    iy, ix = np.arange(*rows[r, oy]), np.arange(*columns[r, ox])
    formula = "y[r,c,oy,ox] = the largest pixel of bin (oy, ox) of box r, or 0 of an empty bin"
    if not iy.size or not ix.size:
        return total(formula, asides=["the bin is empty"])
    pixels = contest(case.x, (picture[r], c, iy[:, None], ix), "bin")
    return total(formula, *pixels, asides=[f"picture {picture[r]}"])


@explains("x -> y", "roi_align")
def roi_align(case: Case) -> Sum:
    picture, rows, columns = _boxes(case)
    r, c, oy, ox = case.at
    a, b = rows[r, oy], columns[r, ox]
    (iy,), (ix,) = np.nonzero(a), np.nonzero(b)
    weights = Column("A B", values=a[iy][:, None] * b[ix])
    pixels = Part(Column("x", case.x, (picture[r], c, iy[:, None], ix)), weights)
    return total("y[r,c,oy,ox] = sum of A[oy,iy] x[n,c,iy,ix] B[ox,ix]", pixels, asides=[f"picture {picture[r]}"])


@explains("dy -> dx", "roi_align_input")
def roi_align_input(case: Case) -> Sum:
    picture, rows, columns = _boxes(case)
    n, c, iy, ix = case.at
    weights = rows[:, :, None, iy] * columns[:, None, :, ix] * (picture == n)[:, None, None]  # (R, OH, OW)
    r, oy, ox = np.nonzero(weights)
    bins = Part(
        Column("dy", case.x, (r, c, oy, ox)),
        Column("A B", values=weights[r, oy, ox]),
        note=lambda place: f"box {r[place[0]]}, bin ({oy[place[0]]}, {ox[place[0]]})",
    )
    return total("dx[n,c,iy,ix] = sum of A[oy,iy] dy[r,c,oy,ox] B[ox,ix] over all boxes r of picture n", bins)


def _boxes(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which picture each box lies in, and its rows and columns."""
    picture, rows, columns = (move(case.argument(name), "cpu") for name in ("picture", "rows", "columns"))
    return picture, rows, columns
