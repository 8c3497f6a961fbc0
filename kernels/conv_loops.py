"""Convolution as the textbooks write it: seven nested loops, one for each index."""

import numpy as np

from tinyconv.backend import Array
from tinyconv.geometry import Window


def conv2d(
    x: Array, w: Array, b: Array | None, window: Window, relu: bool = False, algorithm: str | None = None
) -> Array:
    N, C, H, W = x.shape
    F, CG, KH, KW = w.shape
    OH, OW = window.out(H, W)
    y = np.zeros((N, F, OH, OW), x.dtype)
    for n in range(N):
        for f in range(F):
            for oy in range(OH):
                for ox in range(OW):
                    total = x.dtype.type(0) if b is None else b[f]
                    for c, ky, kx, iy, ix in taps(window, w.shape, H, W, f, oy, ox):
                        total += w[f, c % CG, ky, kx] * x[n, c, iy, ix]
                    y[n, f, oy, ox] = 0 if relu and total <= 0 else total
    return y


def conv2d_input(dy: Array, w: Array, window: Window, shape: tuple[int, ...], algorithm: str | None = None) -> Array:
    N, C, H, W = shape
    F, CG, KH, KW = w.shape
    OH, OW = dy.shape[2:]
    dx = np.zeros(shape, dy.dtype)
    for n in range(N):
        for f in range(F):
            for oy in range(OH):
                for ox in range(OW):
                    for c, ky, kx, iy, ix in taps(window, w.shape, H, W, f, oy, ox):
                        dx[n, c, iy, ix] += w[f, c % CG, ky, kx] * dy[n, f, oy, ox]
    return dx


def conv2d_weight(dy: Array, x: Array, window: Window, algorithm: str | None = None) -> Array:
    N, C, H, W = x.shape
    _, F, OH, OW = dy.shape
    (KH, KW), CG = window.size, C // window.groups
    dw = np.zeros((F, CG, KH, KW), dy.dtype)
    for n in range(N):
        for f in range(F):
            for oy in range(OH):
                for ox in range(OW):
                    for c, ky, kx, iy, ix in taps(window, dw.shape, H, W, f, oy, ox):
                        dw[f, c % CG, ky, kx] += dy[n, f, oy, ox] * x[n, c, iy, ix]
    return dw


def taps(window: Window, w_shape: tuple[int, ...], H: int, W: int, f: int, oy: int, ox: int):
    """What output (f, oy, ox) reads: channel c, kernel position (ky, kx), pixel (iy, ix) inside the picture.

    Outside there are zeros, which add nothing. Filter f sees the CG channels of its own group only.
    """
    F, CG, KH, KW = w_shape
    (SH, SW), (DH, DW) = window.stride, window.dilation
    (top, _), (left, _) = window.padding
    first = f // (F // window.groups) * CG
    for c in range(first, first + CG):
        for ky in range(KH):
            for kx in range(KW):
                iy, ix = oy * SH + ky * DH - top, ox * SW + kx * DW - left
                if 0 <= iy < H and 0 <= ix < W:
                    yield c, ky, kx, iy, ix
