"""Resizing, one pixel after the other: first the columns of the result, then its rows."""

from math import floor

import numpy as np

from tinyconv.backend import Array

from .resize import summed_in


def resize(
    x: Array, columns: np.ndarray, column_weights: np.ndarray, rows: np.ndarray, row_weights: np.ndarray
) -> Array:
    (N, C, H, _), OH, OW = x.shape, rows.shape[1], columns.shape[1]
    t = np.empty((N, C, H, OW), x.dtype)
    for n, c, i, o in np.ndindex(t.shape):
        t[n, c, i, o] = _sum(x[n, c, i], columns[n, o], column_weights[n, o])
    y = np.empty((N, C, OH, OW), x.dtype)
    for n, c, o, j in np.ndindex(y.shape):
        y[n, c, o, j] = _sum(t[n, c, :, j], rows[n, o], row_weights[n, o])
    return y


def _sum(line: Array, first: Array, weights: Array) -> float:
    dtype = summed_in(line.dtype)
    total = dtype.type(0)
    for k, weight in enumerate(weights.astype(dtype)):
        total += weight * dtype.type(line[first + k])
    return floor(total + dtype.type(0.5)) if line.dtype == np.uint8 else total
