"""Regions of interest in nested loops: one bin after the other."""

import numpy as np

from tinyconv.backend import Array


def roi_pool(x: Array, picture: Array, rows: Array, columns: Array) -> tuple[Array, Array]:
    N, C, H, W = x.shape
    (R, OH), OW = rows.shape[:2], columns.shape[1]
    y, winner = np.zeros((R, C, OH, OW), x.dtype), np.full((R, C, OH, OW), -1)
    for r, c, oy, ox in np.ndindex(y.shape):
        n = picture[r]
        for iy in range(*rows[r, oy]):
            for ix in range(*columns[r, ox]):
                v, largest = x[n, c, iy, ix], y[r, c, oy, ox]
                first = winner[r, c, oy, ox] < 0
                if first or v > largest or (np.isnan(v) and not np.isnan(largest)):
                    y[r, c, oy, ox], winner[r, c, oy, ox] = v, ((n * C + c) * H + iy) * W + ix
    return y, winner


def roi_align(x: Array, picture: Array, rows: Array, columns: Array) -> Array:
    y = np.zeros((len(rows), x.shape[1], rows.shape[1], columns.shape[1]), x.dtype)
    for r, c, oy, ox in np.ndindex(y.shape):
        for iy, ix, weight in weights(rows[r, oy], columns[r, ox]):
            y[r, c, oy, ox] += weight * x[picture[r], c, iy, ix]
    return y


def roi_align_input(dy: Array, picture: Array, rows: Array, columns: Array, shape: tuple[int, ...]) -> Array:
    dx = np.zeros(shape, dy.dtype)
    for r, c, oy, ox in np.ndindex(dy.shape):
        for iy, ix, weight in weights(rows[r, oy], columns[r, ox]):
            dx[picture[r], c, iy, ix] += weight * dy[r, c, oy, ox]
    return dx


def weights(row: Array, column: Array):
    """The pixels (iy, ix) that go into a bin, each with its weight, the product of its row's and its column's."""
    for iy in np.flatnonzero(row):
        for ix in np.flatnonzero(column):
            yield iy, ix, row[iy] * column[ix]
