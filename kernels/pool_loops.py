"""Pooling in nested loops: one window after the other."""

import numpy as np

from tinyconv.backend import Array
from tinyconv.geometry import Window

from .pool import winner_dtype


def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    N, C, H, W = x.shape
    OH, OW = window.out(H, W)
    y = np.full((N, C, OH, OW), -np.inf, x.dtype)
    winner = np.zeros((N, C, OH, OW), winner_dtype(window))
    for n, c, oy, ox in np.ndindex(y.shape):
        first = True
        for k, iy, ix in pixels(window, H, W, oy, ox):
            v, largest = x[n, c, iy, ix], y[n, c, oy, ox]
            if first or v > largest or (np.isnan(v) and not np.isnan(largest)):
                y[n, c, oy, ox], winner[n, c, oy, ox] = v, k
                first = False
    return y, winner


def max_pool2d_input(dy: Array, winner: Array, window: Window, shape: tuple[int, ...]) -> Array:
    H, W = shape[2:]
    dx = np.zeros(shape, dy.dtype)
    for n, c, oy, ox in np.ndindex(dy.shape):
        for k, iy, ix in pixels(window, H, W, oy, ox):
            if k == winner[n, c, oy, ox]:
                dx[n, c, iy, ix] += dy[n, c, oy, ox]
    return dx


def max_pool2d_gather(x: Array, winner: Array, window: Window) -> Array:
    H, W = x.shape[2:]
    y = np.zeros(winner.shape, x.dtype)
    for n, c, oy, ox in np.ndindex(y.shape):
        for k, iy, ix in pixels(window, H, W, oy, ox):
            if k == winner[n, c, oy, ox]:
                y[n, c, oy, ox] = x[n, c, iy, ix]
    return y


def avg_pool2d(x: Array, window: Window, divisor: int | Array) -> Array:
    N, C, H, W = x.shape
    y = np.zeros((N, C, *window.out(H, W)), x.dtype)
    divisor = np.broadcast_to(divisor, y.shape[2:])
    for n, c, oy, ox in np.ndindex(y.shape):
        for _, iy, ix in pixels(window, H, W, oy, ox):
            y[n, c, oy, ox] += x[n, c, iy, ix]
        y[n, c, oy, ox] /= divisor[oy, ox]
    return y


def avg_pool2d_input(dy: Array, window: Window, divisor: int | Array, shape: tuple[int, ...]) -> Array:
    H, W = shape[2:]
    dx = np.zeros(shape, dy.dtype)
    divisor = np.broadcast_to(divisor, dy.shape[2:])
    for n, c, oy, ox in np.ndindex(dy.shape):
        for _, iy, ix in pixels(window, H, W, oy, ox):
            dx[n, c, iy, ix] += dy[n, c, oy, ox] / divisor[oy, ox]
    return dx


def pixels(window: Window, H: int, W: int, oy: int, ox: int):
    """The pixels (iy, ix) in the picture that window (oy, ox) reads, each with its place k = ky*KW + kx."""
    (KH, KW), (SH, SW), (DH, DW) = window.size, window.stride, window.dilation
    (top, _), (left, _) = window.padding
    for ky in range(KH):
        for kx in range(KW):
            iy, ix = oy * SH + ky * DH - top, ox * SW + kx * DW - left
            if 0 <= iy < H and 0 <= ix < W:
                yield ky * KW + kx, iy, ix
