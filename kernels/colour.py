"""Colours changed, each picture in its own way."""

import numpy as np

from tinyconv.backend import Array, array_module

from . import kernel
from .resize import summed_in

BRIGHTNESS, CONTRAST, SATURATION, HUE = range(4)
GREY = (0.299, 0.587, 0.114)  # how light red, green and blue look: ITU-R BT.601


@kernel
def jitter_colours(x: Array, order: np.ndarray, factors: np.ndarray) -> Array:
    """Four changes of picture n, the k-th of them number order[n, k] with f = factors[n, order[n, k]]

        0 brightness  y = f x                              2 saturation  y = f x + (1 - f) g,   g = the pixel's grey
        1 contrast    y = f x + (1 - f) mean of all g      3 hue         turned by f of the colour circle

    x (N, C, H, W), uint8 from 0 to 255 or floating point from 0 to 1, order (N, 4), factors (N, 4)   ->   y like x
    g = 0.299 R + 0.587 G + 0.114 B. Every result is cut off at black and white; uint8 is rounded at the end.
    Pictures of one channel are grey: they have no saturation and no hue. What f leaves as it is, is left out.
    """
    xp = array_module(x)
    white = white_of(x)
    y = x.astype(summed_in(x.dtype))
    for step in range(4):
        for what in (BRIGHTNESS, CONTRAST, SATURATION, HUE):
            f = factors[:, what].astype(y.dtype)
            chosen = np.flatnonzero((order[:, step] == what) & (f != (0 if what == HUE else 1)))
            if len(chosen) and (what < SATURATION or x.shape[1] == 3):
                f, chosen = xp.asarray(f[chosen]), xp.asarray(chosen)
                changed = _change(xp, what, y[chosen], f[:, None, None, None])
                y[chosen] = xp.clip(changed, 0, white)
    return rounded(xp, y, x.dtype)


@kernel
def shift_colours(x: Array, shifts: np.ndarray) -> Array:
    """y[n, c] = x[n, c] + shifts[n, c], cut off at black and white

    x (N, C, H, W), uint8 from 0 to 255 or floating point from 0 to 1, shifts (N, C)   ->   y like x, uint8 rounded
    """
    xp = array_module(x)
    shifts = xp.asarray(shifts.astype(summed_in(x.dtype)))
    return rounded(xp, xp.clip(x + shifts[:, :, None, None], 0, white_of(x)), x.dtype)


def white_of(x: Array) -> int:
    return 255 if x.dtype == np.uint8 else 1


def rounded(xp, y: Array, dtype: np.dtype) -> Array:
    return (y + y.dtype.type(0.5) if dtype == np.uint8 else y).astype(dtype)


def _change(xp, what: int, x: Array, f: Array) -> Array:
    if what == BRIGHTNESS:
        return f * x
    if what == HUE:
        return _turn(xp, x, f)
    r, g, b = (x.dtype.type(share) for share in GREY)
    grey = r * x[:, :1] + g * x[:, 1:2] + b * x[:, 2:] if x.shape[1] == 3 else x
    if what == CONTRAST:
        grey = grey.mean((1, 2, 3), np.float64, keepdims=True).astype(x.dtype)
    return f * x + (1 - f) * grey


def _turn(xp, x: Array, f: Array) -> Array:
    """Along the six sides of the hexagon of hues: red is at h = 0, green at 2, blue at 4.

    The strongest colour's value (`most`) and how far the weakest is below it (`span`) stay. With k = (n + h) mod 6,
    n = 5 for red, 3 for green, 1 for blue, each becomes   most - span max(0, min(k, 4 - k, 1)).
    """
    r, g, b = x[:, 0], x[:, 1], x[:, 2]
    most = xp.maximum(xp.maximum(r, g), b)
    span = most - xp.minimum(xp.minimum(r, g), b)
    d = xp.where(span > 0, span, 1)
    h = xp.where(r == most, (g - b) / d, xp.where(g == most, (b - r) / d + 2, (r - g) / d + 4))
    h = _within_6(xp, h + 6 * f[:, 0])
    y = xp.empty_like(x)
    for c, n in enumerate((5, 3, 1)):
        k = _within_6(xp, h + n)
        y[:, c] = most - span * xp.maximum(0, xp.minimum(xp.minimum(k, 4 - k), 1))
    return y


def _within_6(xp, h: Array) -> Array:
    h = xp.where(h < 0, h + 6, h)
    return xp.where(h >= 6, h - 6, h)
