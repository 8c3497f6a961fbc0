"""Dropout compiled for the CPU: hashed in whole vectors of 32-bit numbers, in the order of memory.

Hashing again in the backward pass takes less time than a mask of one byte an element to and from memory.
"""

import math

import numpy as np
from numba import uint32

from tinyconv.backend import Array
from tinyconv.memory import empty, empty_channels_last

from ._layout import is_channels_last, pixels, plain
from ._numba import inner, shared, takes
from ._team import share_out
from .dropout import halves, survivors_gain

ROW = 4096  # elements that a thread takes at a time


def dropout(x: Array, p: float, key: int) -> Array:
    least = math.ceil(p * 2**32)
    if not takes(x) or least >= 2**32:
        return NotImplemented
    if is_channels_last(x):
        N, C, H, W = x.shape
        y, step = empty_channels_last(x.shape, x.dtype), H * W
        source, target = pixels(x).reshape(-1), pixels(y).reshape(-1)
    else:
        y, C, step = empty(x.shape, x.dtype), ROW, 1
        source, target = plain(x).reshape(-1), y.reshape(-1)
    k0, k1 = halves(key)
    keys = np.uint32(least), np.uint32(k0), np.uint32(k1)
    _dropout(-(-x.size // C), target, source, C, step, *keys, x.dtype.type(survivors_gain(p)))
    return y


@inner
def _mix(h):
    h = uint32((h ^ (h >> uint32(16))) * uint32(0x7FEB352D))
    h = uint32((h ^ (h >> uint32(15))) * uint32(0x846CA68B))
    return uint32(h ^ (h >> uint32(16)))


@inner
def _drop(y, x, place, step, least, k0, k1, gain):
    zero = x.dtype.type(0)
    for c in range(len(x)):
        h = uint32(uint32(place) + uint32(uint32(c) * uint32(step)))
        h = _mix(uint32(_mix(uint32(h ^ k0)) ^ k1))
        y[c] = x[c] * gain if h >= least else zero


@shared
def _dropout(rows, *arguments):
    share_out(_dropout_row, rows, arguments)


@inner
def _dropout_row(row, thread, y, x, C, step, least, k0, k1, gain):
    """Rows of C elements, which are `step` places apart; the rows of `step` pixels begin one place apart."""
    place = row // step * C * step + row % step
    i, end = row * C, min(row * C + C, x.size)
    _drop(y[i:end], x[i:end], place, step, least, k0, k1, gain)
