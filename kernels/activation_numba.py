"""Activation functions compiled for the CPU: one pass in the order of memory, whatever the layout.

float64 is left to NumPy where e^x is needed.
"""

import numpy as np

from tinyconv.backend import Array
from tinyconv.memory import empty_like

from . import _exp_numba
from ._layout import flat, order_of
from ._numba import inner, shared, takes
from ._parts import bounds, parted
from ._team import share_out


def relu(x: Array) -> Array:
    if not takes(x):
        return NotImplemented
    y = empty_like(x)
    _relu(*parted(x.size), flat(y), flat(x))
    return y


def relu_input(dy: Array, y: Array, gain: float = 1.0) -> Array:
    return _gradient(_relu_input, dy, y, dy.dtype.type(gain))


def leaky_relu(x: Array, negative_slope: float) -> Array:
    if not takes(x):
        return NotImplemented
    y = empty_like(x)
    _leaky_relu(*parted(x.size), flat(y), flat(x), x.dtype.type(negative_slope))
    return y


def leaky_relu_input(dy: Array, x: Array, negative_slope: float) -> Array:
    return _gradient(_leaky_relu_input, dy, x, dy.dtype.type(negative_slope))


def sigmoid(x: Array) -> Array:
    if x.dtype != np.float32:
        return NotImplemented
    y = empty_like(x)
    _sigmoid(*parted(x.size), flat(y), flat(x))
    return y


def sigmoid_input(dy: Array, y: Array) -> Array:
    return _gradient(_sigmoid_input, dy, y)


def tanh(x: Array) -> Array:
    if x.dtype != np.float32:
        return NotImplemented
    y = empty_like(x)
    _tanh(*parted(x.size), flat(y), flat(x))
    return y


def tanh_input(dy: Array, y: Array) -> Array:
    return _gradient(_tanh_input, dy, y)


def _gradient(compiled, dy: Array, y: Array, *more) -> Array:
    if not takes(dy, y):
        return NotImplemented
    dx = empty_like(y)
    compiled(*parted(y.size), flat(dx), flat(dy, order_of(y)), flat(y), *more)
    return dx


# ---------------------------------------------------------------- forward and backward


@shared
def _relu(parts, *arguments):
    share_out(_relu_part, parts, arguments)


@inner
def _relu_part(part, thread, parts, y, x):
    zero = x.dtype.type(0)
    begin, end = bounds(part, parts, x.size)
    for i in range(begin, end):
        y[i] = zero if x[i] <= zero else x[i]  # NaN is not <= 0, and stays


@shared
def _relu_input(parts, *arguments):
    share_out(_relu_input_part, parts, arguments)


@inner
def _relu_input_part(part, thread, parts, dx, dy, y, gain):
    zero = y.dtype.type(0)
    begin, end = bounds(part, parts, y.size)
    for i in range(begin, end):
        dx[i] = gain * dy[i] if y[i] > zero else zero


@shared
def _leaky_relu(parts, *arguments):
    share_out(_leaky_relu_part, parts, arguments)


@inner
def _leaky_relu_part(part, thread, parts, y, x, slope):
    zero = x.dtype.type(0)
    begin, end = bounds(part, parts, x.size)
    for i in range(begin, end):
        y[i] = x[i] if x[i] > zero else slope * x[i]


@shared
def _leaky_relu_input(parts, *arguments):
    share_out(_leaky_relu_input_part, parts, arguments)


@inner
def _leaky_relu_input_part(part, thread, parts, dx, dy, x, slope):
    zero = x.dtype.type(0)
    begin, end = bounds(part, parts, x.size)
    for i in range(begin, end):
        dx[i] = dy[i] if x[i] > zero else slope * dy[i]


@shared
def _sigmoid(parts, *arguments):
    share_out(_sigmoid_part, parts, arguments)


@inner
def _sigmoid_part(part, thread, parts, y, x):
    begin, end = bounds(part, parts, x.size)
    for i in range(begin, end):
        y[i] = _exp_numba.sigmoid(x[i])


@shared
def _sigmoid_input(parts, *arguments):
    share_out(_sigmoid_input_part, parts, arguments)


@inner
def _sigmoid_input_part(part, thread, parts, dx, dy, y):
    one = y.dtype.type(1)
    begin, end = bounds(part, parts, y.size)
    for i in range(begin, end):
        dx[i] = dy[i] * y[i] * (one - y[i])


@shared
def _tanh(parts, *arguments):
    share_out(_tanh_part, parts, arguments)


@inner
def _tanh_part(part, thread, parts, y, x):
    begin, end = bounds(part, parts, x.size)
    for i in range(begin, end):
        y[i] = _exp_numba.tanh(x[i])


@shared
def _tanh_input(parts, *arguments):
    share_out(_tanh_input_part, parts, arguments)


@inner
def _tanh_input_part(part, thread, parts, dx, dy, y):
    one = y.dtype.type(1)
    begin, end = bounds(part, parts, y.size)
    for i in range(begin, end):
        dx[i] = dy[i] * (one - y[i] * y[i])
