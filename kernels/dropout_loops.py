"""Dropout in loops: one element after the other, its hash in Python's whole numbers."""

import numpy as np

from tinyconv.backend import Array

from .dropout import halves, survivors_gain


def dropout(x: Array, p: float, key: int) -> Array:
    k0, k1 = halves(key)
    y = np.zeros_like(x)
    for i, place in enumerate(np.ndindex(x.shape)):
        if mix(mix((i & 0xFFFFFFFF) ^ k0) ^ k1) >= 2**32 * p:
            y[place] = x[place] * survivors_gain(p)
    return y


def mix(h: int) -> int:
    h = (h ^ (h >> 16)) * 0x7FEB352D & 0xFFFFFFFF
    h = (h ^ (h >> 15)) * 0x846CA68B & 0xFFFFFFFF
    return h ^ (h >> 16)
