"""Picking pixels, one after the other."""

import numpy as np

from tinyconv.backend import Array


def pick_pixels(x: Array, rows: np.ndarray, columns: np.ndarray, fill: float) -> Array:
    (N, OH), OW, C = rows.shape, columns.shape[1], x.shape[1]
    y = np.empty((N, C, OH, OW), x.dtype)
    for n, c, i, j in np.ndindex(N, C, OH, OW):
        row, column = rows[n, i], columns[n, j]
        y[n, c, i, j] = fill if row < 0 or column < 0 else x[n, c, row, column]
    return y
