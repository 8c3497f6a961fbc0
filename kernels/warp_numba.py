"""Warping compiled for the CPU: the weights of a place are computed once for all channels.

On one thread and without the GIL, so that the next batch is made while this one is trained on.
"""

from math import floor

import numpy as np

from tinyconv.backend import Array

from ._numba import inner, serial
from .warp import FILL_MODES

CONSTANT, EDGE, REFLECT, WRAP = range(4)


def affine_warp(x: Array, A: np.ndarray, nearest: bool, fill_mode: str, fill: float) -> Array:
    if x.dtype not in (np.uint8, np.float32):
        return NotImplemented
    y = np.empty(x.shape, x.dtype)
    warp = _nearest if nearest else _bilinear
    warp(y, np.ascontiguousarray(x), A, x.dtype == np.uint8, FILL_MODES.index(fill_mode), fill)
    return y


@serial
def _bilinear(y, x, A, pixels, mode, fill):
    N, C, H, W = x.shape
    for n in range(N):
        for i in range(H):
            for j in range(W):
                p = A[n, 0, 0] * i + A[n, 0, 1] * j + A[n, 0, 2]
                q = A[n, 1, 0] * i + A[n, 1, 1] * j + A[n, 1, 2]
                i0, j0 = floor(p), floor(q)
                i1, j1 = i0 + 1, j0 + 1
                u, v = p - i0, q - j0
                inside_i0, inside_i1 = 0 <= i0 < H, 0 <= i1 < H
                inside_j0, inside_j1 = 0 <= j0 < W, 0 <= j1 < W
                if not (inside_i0 and inside_i1 and inside_j0 and inside_j1):
                    i0, i1 = _inside(i0, H, mode), _inside(i1, H, mode)
                    j0, j1 = _inside(j0, W, mode), _inside(j1, W, mode)
                for c in range(C):
                    a, b = float(x[n, c, i0, j0]), float(x[n, c, i0, j1])
                    d, e = float(x[n, c, i1, j0]), float(x[n, c, i1, j1])
                    if mode == CONSTANT:
                        a = a if inside_i0 and inside_j0 else fill
                        b = b if inside_i0 and inside_j1 else fill
                        d = d if inside_i1 and inside_j0 else fill
                        e = e if inside_i1 and inside_j1 else fill
                    value = (1 - u) * ((1 - v) * a + v * b) + u * ((1 - v) * d + v * e)
                    y[n, c, i, j] = min(max(np.rint(value), 0.0), 255.0) if pixels else value


@serial
def _nearest(y, x, A, pixels, mode, fill):
    N, C, H, W = x.shape
    for n in range(N):
        for i in range(H):
            for j in range(W):
                p = floor(A[n, 0, 0] * i + A[n, 0, 1] * j + A[n, 0, 2] + 0.5)
                q = floor(A[n, 1, 0] * i + A[n, 1, 1] * j + A[n, 1, 2] + 0.5)
                outside = not (0 <= p < H and 0 <= q < W)
                if outside:
                    p, q = _inside(p, H, mode), _inside(q, W, mode)
                for c in range(C):
                    y[n, c, i, j] = fill if outside and mode == CONSTANT else float(x[n, c, p, q])


@inner
def _inside(k, size, mode):
    if mode == WRAP:
        return k % size
    if mode == REFLECT and size > 1:
        k = k % (2 * size - 2)
        return min(k, 2 * size - 2 - k)
    return min(max(k, 0), size - 1)
