"""Adaptive pooling in nested loops: one bin after the other."""

import numpy as np

from tinyconv.backend import Array
from tinyconv.geometry import Pair

from .adaptive_pool import read


def adaptive_max_pool2d(x: Array, size: Pair) -> tuple[Array, Array]:
    N, C, H, W = x.shape
    y = np.empty((N, C, *size), x.dtype)
    winner = np.empty(y.shape, np.int64)
    for n, c, oy, ox in np.ndindex(y.shape):
        first = True
        for iy, ix in pixels(oy, ox, H, W, size):
            v, largest = x[n, c, iy, ix], y[n, c, oy, ox]
            if first or v > largest or (np.isnan(v) and not np.isnan(largest)):
                y[n, c, oy, ox], winner[n, c, oy, ox] = v, iy * W + ix
                first = False
    return y, winner


def adaptive_avg_pool2d(x: Array, size: Pair) -> Array:
    N, C, H, W = x.shape
    y = np.zeros((N, C, *size), x.dtype)
    for n, c, oy, ox in np.ndindex(y.shape):
        inside = list(pixels(oy, ox, H, W, size))
        for iy, ix in inside:
            y[n, c, oy, ox] += x[n, c, iy, ix] / len(inside)
    return y


def adaptive_avg_pool2d_input(dy: Array, shape: tuple[int, ...]) -> Array:
    H, W = shape[2:]
    dx = np.zeros(shape, dy.dtype)
    for n, c, oy, ox in np.ndindex(dy.shape):
        inside = list(pixels(oy, ox, H, W, dy.shape[2:]))
        for iy, ix in inside:
            dx[n, c, iy, ix] += dy[n, c, oy, ox] / len(inside)
    return dx


def pixels(oy: int, ox: int, H: int, W: int, size: Pair):
    """The pixels (iy, ix) of bin (oy, ox), row by row."""
    OH, OW = size
    rows, columns = read(oy, H, OH), read(ox, W, OW)
    for iy in range(rows.start, rows.stop):
        for ix in range(columns.start, columns.stop):
            yield iy, ix
