"""Mixing compiled for the CPU: one pass, no copy of the partners."""

import math

import numpy as np

from tinyconv.backend import Array
from tinyconv.memory import empty

from ._numba import plain, serial
from .mix import shares_of
from .pick_numba import TYPES


def mix_pictures(x: Array, partner: np.ndarray, share: float) -> Array:
    if x.dtype not in TYPES:
        return NotImplemented
    N, P = len(x), math.prod(x.shape[1:])
    y = empty(x.shape, np.dtype(np.float32) if x.dtype == np.uint8 else x.dtype)
    own, other = shares_of(x, share, y.dtype)
    _mix(y.reshape(N, P), plain(x).reshape(N, P), plain(partner.astype(np.int64)), own, other)
    return y


@serial
def _mix(y, x, partner, own, other):
    for n in range(len(x)):
        a, b, row = x[n], x[partner[n]], y[n]
        for p in range(len(row)):
            row[p] = own * a[p] + other * b[p]
