"""Colours, one pixel after the other."""

import numpy as np

from tinyconv.backend import Array

from .colour import BRIGHTNESS, CONTRAST, GREY, HUE, SATURATION, white_of
from .resize import summed_in


def jitter_colours(x: Array, order: np.ndarray, factors: np.ndarray) -> Array:
    N, C, H, W = x.shape
    y = x.astype(summed_in(x.dtype))
    for n in range(N):
        for what in order[n]:
            f = y.dtype.type(factors[n, what])
            mean = y.dtype.type(np.mean([_grey(y[n, :, i, j]) for i, j in np.ndindex(H, W)], dtype=np.float64))
            for i, j in np.ndindex(H, W):
                _change(y[n, :, i, j], what, f, mean, white_of(x))
    return _rounded(y, x.dtype)


def shift_colours(x: Array, shifts: np.ndarray) -> Array:
    y = x.astype(summed_in(x.dtype))
    for n, c, i, j in np.ndindex(x.shape):
        y[n, c, i, j] = min(max(y[n, c, i, j] + y.dtype.type(shifts[n, c]), 0), white_of(x))
    return _rounded(y, x.dtype)


def _change(pixel: Array, what: int, f: float, mean: float, white: int) -> None:
    """Change one pixel (C,) in place."""
    C, grey = len(pixel), _grey(pixel)
    if what == HUE and f != 0 and C == 3:
        pixel[:] = _turned(pixel[0], pixel[1], pixel[2], f)
    for c in range(C):
        if what == BRIGHTNESS and f != 1:
            pixel[c] = f * pixel[c]
        if what == CONTRAST and f != 1:
            pixel[c] = f * pixel[c] + (1 - f) * mean
        if what == SATURATION and f != 1 and C == 3:
            pixel[c] = f * pixel[c] + (1 - f) * grey
        pixel[c] = min(max(pixel[c], 0), white)


def _grey(pixel: Array) -> float:
    if len(pixel) == 1:
        return pixel[0]
    r, g, b = (pixel.dtype.type(share) for share in GREY)
    return r * pixel[0] + g * pixel[1] + b * pixel[2]


def _turned(r: float, g: float, b: float, f: float) -> list[float]:
    most, span = max(r, g, b), max(r, g, b) - min(r, g, b)
    if span == 0:
        return [r, g, b]
    if r == most:
        h = (g - b) / span
    elif g == most:
        h = (b - r) / span + 2
    else:
        h = (r - g) / span + 4
    h = _within_6(h + 6 * f)
    sides = [_within_6(h + n) for n in (5, 3, 1)]
    return [most - span * max(0, min(k, 4 - k, 1)) for k in sides]


def _within_6(h: float) -> float:
    h = h + 6 if h < 0 else h
    return h - 6 if h >= 6 else h


def _rounded(y: Array, dtype: np.dtype) -> Array:
    return np.floor(y + 0.5).astype(dtype) if dtype == np.uint8 else y.astype(dtype)
