"""im2col and its adjoint, one element after the other."""

import numpy as np

from tinyconv.backend import Array
from tinyconv.geometry import Window


def im2col(x: Array, window: Window) -> Array:
    N, C, H, W = x.shape
    cols = np.zeros((N, C, *window.size, *window.out(H, W)), x.dtype)
    for n, c, ky, kx, oy, ox in np.ndindex(cols.shape):
        iy, ix = pixel(window, ky, kx, oy, ox)
        if 0 <= iy < H and 0 <= ix < W:
            cols[n, c, ky, kx, oy, ox] = x[n, c, iy, ix]
    return cols


def col2im(cols: Array, window: Window, shape: tuple[int, ...]) -> Array:
    H, W = shape[2:]
    x = np.zeros(shape, cols.dtype)
    for n, c, ky, kx, oy, ox in np.ndindex(cols.shape):
        iy, ix = pixel(window, ky, kx, oy, ox)
        if 0 <= iy < H and 0 <= ix < W:
            x[n, c, iy, ix] += cols[n, c, ky, kx, oy, ox]
    return x


def pixel(window: Window, ky: int, kx: int, oy: int, ox: int) -> tuple[int, int]:
    """The pixel (iy, ix) that place (ky, kx) of window (oy, ox) reads; it may lie in the border."""
    (SH, SW), (DH, DW) = window.stride, window.dilation
    (top, _), (left, _) = window.padding
    return oy * SH + ky * DH - top, ox * SW + kx * DW - left
