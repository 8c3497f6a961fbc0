"""Warping, one pixel after the other."""

from math import floor

import numpy as np

from tinyconv.backend import Array


def affine_warp(x: Array, A: np.ndarray, nearest: bool, fill_mode: str, fill: float) -> Array:
    N, C, H, W = x.shape
    y = np.empty((N, C, H, W), x.dtype)
    for n, c, i, j in np.ndindex(N, C, H, W):
        p = A[n, 0, 0] * i + A[n, 0, 1] * j + A[n, 0, 2]
        q = A[n, 1, 0] * i + A[n, 1, 1] * j + A[n, 1, 2]
        if nearest:
            value = _at(x[n, c], floor(p + 0.5), floor(q + 0.5), fill_mode, fill)
        else:
            value = _between(x[n, c], p, q, fill_mode, fill)
        y[n, c, i, j] = value if x.dtype.kind == "f" else min(max(round(value), 0), 255)
    return y


def _between(x: Array, p: float, q: float, fill_mode: str, fill: float) -> float:
    p0, q0 = floor(p), floor(q)
    u, v = p - p0, q - q0
    upper = (1 - v) * _at(x, p0, q0, fill_mode, fill) + v * _at(x, p0, q0 + 1, fill_mode, fill)
    lower = (1 - v) * _at(x, p0 + 1, q0, fill_mode, fill) + v * _at(x, p0 + 1, q0 + 1, fill_mode, fill)
    return (1 - u) * upper + u * lower


def _at(x: Array, p: int, q: int, fill_mode: str, fill: float) -> float:
    H, W = x.shape
    if fill_mode == "constant" and not (0 <= p < H and 0 <= q < W):
        return fill
    return float(x[_inside(p, H, fill_mode), _inside(q, W, fill_mode)])


def _inside(k: int, size: int, fill_mode: str) -> int:
    if fill_mode == "wrap":
        return k % size
    while fill_mode == "reflect" and size > 1 and not 0 <= k < size:
        k = -k if k < 0 else 2 * (size - 1) - k
    return min(max(k, 0), size - 1)
