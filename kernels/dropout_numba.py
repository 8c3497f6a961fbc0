"""Dropout compiled for the CPU: the hash runs in whole vectors of 32-bit numbers."""

import math

import numpy as np
from numba import prange, uint32, uint64

from tinyconv.backend import Array

from ._numba import inner, parallel, plain, takes
from .dropout import halves, survivors_gain


def dropout_mask(x: Array, p: float, key: int) -> Array:
    k0, k1 = halves(key)
    keep = np.empty(x.shape, bool)
    _mask(keep.reshape(-1), math.ceil(p * 2**32), np.uint32(k0), np.uint32(k1))
    return keep


def dropout(x: Array, keep: Array, p: float) -> Array:
    if not takes(x):
        return NotImplemented
    y = np.empty(x.shape, x.dtype)
    _apply(y.reshape(-1), plain(x).reshape(-1), plain(keep).reshape(-1), x.dtype.type(survivors_gain(p)))
    return y


@inner
def _mix(h):
    h = uint32((h ^ (h >> uint32(16))) * uint32(0x7FEB352D))
    h = uint32((h ^ (h >> uint32(15))) * uint32(0x846CA68B))
    return uint32(h ^ (h >> uint32(16)))


@parallel
def _mask(keep, least, k0, k1):
    for i in prange(keep.size):
        keep[i] = uint64(_mix(_mix(uint32(i) ^ k0) ^ k1)) >= uint64(least)


@parallel
def _apply(y, x, keep, gain):
    zero = x.dtype.type(0)
    for i in prange(x.size):
        y[i] = x[i] * gain if keep[i] else zero
