"""Activation functions compiled for the CPU: those where NumPy is slow. Its tanh is vectorised already."""

import numpy as np
from numba import prange

from tinyconv.backend import Array

from ._numba import parallel, plain, takes


def relu(x: Array) -> Array:
    if not takes(x):
        return NotImplemented
    y = np.empty(x.shape, x.dtype)
    _relu(y.reshape(-1), plain(x).reshape(-1))
    return y


def relu_input(dy: Array, y: Array) -> Array:
    if not takes(dy, y):
        return NotImplemented
    dx = np.empty(y.shape, y.dtype)
    _relu_input(dx.reshape(-1), plain(dy).reshape(-1), plain(y).reshape(-1))
    return dx


@parallel
def _relu(y, x):
    zero = x.dtype.type(0)
    for i in prange(x.size):
        y[i] = zero if x[i] <= zero else x[i]  # NaN is not <= 0, and stays


@parallel
def _relu_input(dx, dy, y):
    zero = y.dtype.type(0)
    for i in prange(y.size):
        dx[i] = dy[i] if y[i] > zero else zero
