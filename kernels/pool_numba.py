"""Pooling on the CPU: the N*C planes are shared out among the threads."""

import numpy as np
from numba import prange

from tinyconv.backend import Array
from tinyconv.geometry import Window

from ._numba import inner, parallel, plain, takes
from .pool import winner_dtype


def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    if not takes(x):
        return NotImplemented
    y = np.empty((*x.shape[:2], *window.out(*x.shape[2:])), x.dtype)
    winner = np.empty(y.shape, winner_dtype(window))
    _max(planes(y), planes(winner), planes(plain(x)), geometry(window))
    return y, winner


def max_pool2d_input(dy: Array, winner: Array, window: Window, shape: tuple[int, ...]) -> Array:
    if not takes(dy):
        return NotImplemented
    dx = np.zeros(shape, dy.dtype)
    _to_winners(planes(dx), planes(plain(dy)), planes(plain(winner)), geometry(window))
    return dx


def avg_pool2d(x: Array, window: Window, count_include_pad: bool) -> Array:
    if not takes(x):
        return NotImplemented
    y = np.empty((*x.shape[:2], *window.out(*x.shape[2:])), x.dtype)
    _mean(planes(y), planes(plain(x)), geometry(window), count_include_pad)
    return y


def avg_pool2d_input(dy: Array, window: Window, count_include_pad: bool, shape: tuple[int, ...]) -> Array:
    if not takes(dy):
        return NotImplemented
    dx = np.zeros(shape, dy.dtype)
    _share(planes(dx), planes(plain(dy)), geometry(window), count_include_pad)
    return dx


def planes(x: Array) -> Array:
    """(N, C, H, W) -> (N*C, H, W)"""
    return x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])


def geometry(window: Window) -> tuple[int, ...]:
    (top, _), (left, _) = window.padding
    return (*window.size, *window.stride, *window.dilation, top, left)


@inner
def _inside(o, size, K, S, D, before):
    """The window's rows (or columns) k, from the first to before the last, that lie inside the picture."""
    start = o * S - before
    first = 0 if start >= 0 else min(-(start // D), K)
    return first, max(first, min(K, (size - 1 - start) // D + 1))


@parallel
def _max(y, winner, x, geometry):
    for i in prange(len(x)):
        _max_plane(y[i], winner[i], x[i], geometry)


@inner
def _max_plane(y, winner, x, geometry):
    KH, KW, SH, SW, DH, DW, top, left = geometry
    H, W = x.shape
    for oy in range(y.shape[0]):
        ky0, ky1 = _inside(oy, H, KH, SH, DH, top)
        for ox in range(y.shape[1]):
            kx0, kx1 = _inside(ox, W, KW, SW, DW, left)
            largest, place = x.dtype.type(-np.inf), ky0 * KW + kx0
            for ky in range(ky0, ky1):
                for kx in range(kx0, kx1):
                    v = x[oy * SH + ky * DH - top, ox * SW + kx * DW - left]
                    if not v <= largest and largest == largest:  # larger, or the first NaN
                        largest, place = v, ky * KW + kx
            y[oy, ox], winner[oy, ox] = largest, place


@parallel
def _to_winners(dx, dy, winner, geometry):
    for i in prange(len(dx)):
        _to_winners_plane(dx[i], dy[i], winner[i], geometry)


@inner
def _to_winners_plane(dx, dy, winner, geometry):
    _, KW, SH, SW, DH, DW, top, left = geometry
    for oy in range(dy.shape[0]):
        for ox in range(dy.shape[1]):
            k = np.int64(winner[oy, ox])
            iy, ix = oy * SH + k // KW * DH - top, ox * SW + k % KW * DW - left
            if 0 <= iy < dx.shape[0] and 0 <= ix < dx.shape[1]:
                dx[iy, ix] += dy[oy, ox]


@parallel
def _mean(y, x, geometry, count_include_pad):
    for i in prange(len(x)):
        _mean_plane(y[i], x[i], geometry, count_include_pad)


@inner
def _mean_plane(y, x, geometry, count_include_pad):
    KH, KW, SH, SW, DH, DW, top, left = geometry
    H, W = x.shape
    for oy in range(y.shape[0]):
        ky0, ky1 = _inside(oy, H, KH, SH, DH, top)
        for ox in range(y.shape[1]):
            kx0, kx1 = _inside(ox, W, KW, SW, DW, left)
            total = x.dtype.type(0)
            for ky in range(ky0, ky1):
                for kx in range(kx0, kx1):
                    total += x[oy * SH + ky * DH - top, ox * SW + kx * DW - left]
            y[oy, ox] = total / (KH * KW if count_include_pad else (ky1 - ky0) * (kx1 - kx0))


@parallel
def _share(dx, dy, geometry, count_include_pad):
    for i in prange(len(dx)):
        _share_plane(dx[i], dy[i], geometry, count_include_pad)


@inner
def _share_plane(dx, dy, geometry, count_include_pad):
    KH, KW, SH, SW, DH, DW, top, left = geometry
    H, W = dx.shape
    for oy in range(dy.shape[0]):
        ky0, ky1 = _inside(oy, H, KH, SH, DH, top)
        for ox in range(dy.shape[1]):
            kx0, kx1 = _inside(ox, W, KW, SW, DW, left)
            share = dy[oy, ox] / (KH * KW if count_include_pad else (ky1 - ky0) * (kx1 - kx0))
            for ky in range(ky0, ky1):
                for kx in range(kx0, kx1):
                    dx[oy * SH + ky * DH - top, ox * SW + kx * DW - left] += share
