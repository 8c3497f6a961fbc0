"""Activation functions compiled for the CPU: one pass in the order of memory, whatever the layout.

float64 is left to NumPy where e^x is needed.
"""

import numpy as np
from numba import prange

from tinyconv.backend import Array
from tinyconv.memory import empty_like

from . import _exp_numba
from ._layout import flat, order_of
from ._numba import parallel, takes


def relu(x: Array) -> Array:
    if not takes(x):
        return NotImplemented
    y = empty_like(x)
    _relu(flat(y), flat(x))
    return y


def relu_input(dy: Array, y: Array, gain: float = 1.0) -> Array:
    return _gradient(_relu_input, dy, y, dy.dtype.type(gain))


def leaky_relu(x: Array, negative_slope: float) -> Array:
    if not takes(x):
        return NotImplemented
    y = empty_like(x)
    _leaky_relu(flat(y), flat(x), x.dtype.type(negative_slope))
    return y


def leaky_relu_input(dy: Array, x: Array, negative_slope: float) -> Array:
    return _gradient(_leaky_relu_input, dy, x, dy.dtype.type(negative_slope))


def sigmoid(x: Array) -> Array:
    if x.dtype != np.float32:
        return NotImplemented
    y = empty_like(x)
    _sigmoid(flat(y), flat(x))
    return y


def sigmoid_input(dy: Array, y: Array) -> Array:
    return _gradient(_sigmoid_input, dy, y)


def tanh(x: Array) -> Array:
    if x.dtype != np.float32:
        return NotImplemented
    y = empty_like(x)
    _tanh(flat(y), flat(x))
    return y


def tanh_input(dy: Array, y: Array) -> Array:
    return _gradient(_tanh_input, dy, y)


def _gradient(compiled, dy: Array, y: Array, *more) -> Array:
    if not takes(dy, y):
        return NotImplemented
    dx = empty_like(y)
    compiled(flat(dx), flat(dy, order_of(y)), flat(y), *more)
    return dx


@parallel
def _relu(y, x):
    zero = x.dtype.type(0)
    for i in prange(x.size):
        y[i] = zero if x[i] <= zero else x[i]  # NaN is not <= 0, and stays


@parallel
def _relu_input(dx, dy, y, gain):
    zero = y.dtype.type(0)
    for i in prange(y.size):
        dx[i] = gain * dy[i] if y[i] > zero else zero


@parallel
def _leaky_relu(y, x, slope):
    zero = x.dtype.type(0)
    for i in prange(x.size):
        y[i] = x[i] if x[i] > zero else slope * x[i]


@parallel
def _leaky_relu_input(dx, dy, x, slope):
    zero = x.dtype.type(0)
    for i in prange(x.size):
        dx[i] = dy[i] if x[i] > zero else slope * dy[i]


@parallel
def _sigmoid(y, x):
    for i in prange(x.size):
        y[i] = _exp_numba.sigmoid(x[i])


@parallel
def _sigmoid_input(dx, dy, y):
    one = y.dtype.type(1)
    for i in prange(y.size):
        dx[i] = dy[i] * y[i] * (one - y[i])


@parallel
def _tanh(y, x):
    for i in prange(x.size):
        y[i] = _exp_numba.tanh(x[i])


@parallel
def _tanh_input(dx, dy, y):
    one = y.dtype.type(1)
    for i in prange(y.size):
        dx[i] = dy[i] * (one - y[i] * y[i])
