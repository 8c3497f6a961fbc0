"""Colours compiled for the CPU: a picture at a time in the cache, each change one pass over its planes.

Hues without branches, so that LLVM makes vectors of them too.
Floats are neither reordered nor fused, except in the sum of greys: so every engine gives the same grey levels.
"""

import numpy as np

from tinyconv.backend import Array
from tinyconv.memory import empty

from ._numba import REORDERED, inner, plain, serial
from .colour import BRIGHTNESS, CONTRAST, GREY, HUE, white_of
from .pick_numba import TYPES
from .resize import summed_in


def jitter_colours(x: Array, order: np.ndarray, factors: np.ndarray) -> Array:
    if x.dtype not in TYPES:
        return NotImplemented
    N, C, H, W = x.shape
    dtype = summed_in(x.dtype)
    y, planes = empty(x.shape, x.dtype), empty((C, H * W), dtype)
    _jitter(
        y.reshape(N, C, H * W),
        plain(x).reshape(N, C, H * W),
        plain(order.astype(np.int64)),
        plain(factors.astype(dtype)),
        planes,
        tuple(dtype.type(share) for share in GREY),
        *_limits(x),
    )
    return y


def shift_colours(x: Array, shifts: np.ndarray) -> Array:
    if x.dtype not in TYPES:
        return NotImplemented
    N, C, H, W = x.shape
    y = empty(x.shape, x.dtype)
    shifts = shifts.astype(summed_in(x.dtype)).reshape(N * C)
    _shift(y.reshape(N * C, H * W), plain(x).reshape(N * C, H * W), shifts, *_limits(x))
    return y


def _limits(x: Array) -> tuple[float, float]:
    """White, and what makes cutting off to whole numbers rounding."""
    number = summed_in(x.dtype).type
    return number(white_of(x)), number(0.5 if x.dtype == np.uint8 else 0)


@serial
def _shift(y, x, shifts, white, half):
    for m in range(len(x)):
        shift = shifts[m]
        for p in range(x.shape[1]):
            y[m, p] = _cut(x[m, p] + shift, white) + half


@serial
def _jitter(y, x, order, factors, planes, shares, white, half):
    N, C, P = x.shape
    for n in range(N):
        for c in range(C):
            for p in range(P):
                planes[c, p] = x[n, c, p]
        for step in range(4):
            what = order[n, step]
            f = factors[n, what]
            if what == HUE:
                if f != 0 and C == 3:
                    _turn(planes, f, white)
            elif f != 1:
                if what == BRIGHTNESS:
                    _towards(planes, white - white, f, white)
                elif what == CONTRAST:
                    _towards(planes, type(white)(_sum_of_greys(planes, shares) / P), f, white)
                elif C == 3:
                    _towards_grey(planes, shares, f, white)
        for c in range(C):
            for p in range(P):
                y[n, c, p] = planes[c, p] + half


@inner
def _cut(value, white):
    return min(max(value, white - white), white)


@inner
def _towards(planes, grey, f, white):
    C, P = planes.shape
    rest = (type(white)(1) - f) * grey
    for c in range(C):
        for p in range(P):
            planes[c, p] = _cut(f * planes[c, p] + rest, white)


@inner(fastmath=False)  # it would take that from its first caller
def _grey(r, g, b, shares):
    return shares[0] * r + shares[1] * g + shares[2] * b


@inner(fastmath=REORDERED)
def _sum_of_greys(planes, shares):
    total = 0.0
    if len(planes) == 1:
        for value in planes[0]:
            total += value
        return total
    red, green, blue = planes[0], planes[1], planes[2]
    for p in range(len(red)):
        total += _grey(red[p], green[p], blue[p], shares)
    return total


@inner
def _towards_grey(planes, shares, f, white):
    red, green, blue = planes[0], planes[1], planes[2]
    rest = type(white)(1) - f
    for p in range(len(red)):
        r, g, b = red[p], green[p], blue[p]
        grey = rest * _grey(r, g, b, shares)
        red[p] = _cut(f * r + grey, white)
        green[p] = _cut(f * g + grey, white)
        blue[p] = _cut(f * b + grey, white)


@inner
def _turn(planes, f, white):
    red, green, blue = planes[0], planes[1], planes[2]
    one = type(f)(1)
    for p in range(len(red)):
        r, g, b = red[p], green[p], blue[p]
        most = max(max(r, g), b)
        span = most - min(min(r, g), b)
        h = _within_6(_hue(r, g, b, most, span if span > 0 else one) + type(f)(6) * f)
        red[p] = _cut(_colour(most, span, h + type(f)(5)), white)
        green[p] = _cut(_colour(most, span, h + type(f)(3)), white)
        blue[p] = _cut(_colour(most, span, h + one), white)


@inner
def _hue(r, g, b, most, span):
    of_red, of_green, of_blue = (g - b) / span, (b - r) / span + type(r)(2), (r - g) / span + type(r)(4)
    return of_red if r == most else of_green if g == most else of_blue


@inner
def _colour(most, span, h):
    k = _within_6(h)
    return most - span * max(type(k)(0), min(min(k, type(k)(4) - k), type(k)(1)))


@inner
def _within_6(h):
    six = type(h)(6)
    h = h + six if h < 0 else h
    return h - six if h >= six else h
