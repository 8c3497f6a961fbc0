"""Activation functions in loops: one number after the other."""

import numpy as np

from tinyconv.backend import Array


def relu(x: Array) -> Array:
    y = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        if not x[i] <= 0:  # a NaN is not <= 0, and stays
            y[i] = x[i]
    return y


def relu_input(dy: Array, y: Array, gain: float = 1.0) -> Array:
    dx = np.zeros_like(dy)
    for i in np.ndindex(y.shape):
        if y[i] > 0:
            dx[i] = gain * dy[i]
    return dx


def leaky_relu(x: Array, negative_slope: float) -> Array:
    y = np.empty_like(x)
    for i in np.ndindex(x.shape):
        y[i] = x[i] if x[i] > 0 else negative_slope * x[i]
    return y


def leaky_relu_input(dy: Array, x: Array, negative_slope: float) -> Array:
    dx = np.empty_like(dy)
    for i in np.ndindex(x.shape):
        dx[i] = dy[i] if x[i] > 0 else negative_slope * dy[i]
    return dx


def sigmoid(x: Array) -> Array:
    y = np.empty_like(x)
    for i in np.ndindex(x.shape):
        e = np.exp(-x[i] if x[i].real >= 0 else x[i])  # at most 1: it cannot overflow
        y[i] = (1 if x[i].real >= 0 else e) / (1 + e)
    return y


def sigmoid_input(dy: Array, y: Array) -> Array:
    dx = np.empty_like(dy)
    for i in np.ndindex(y.shape):
        dx[i] = dy[i] * y[i] * (1 - y[i])
    return dx


def tanh(x: Array) -> Array:
    y = np.empty_like(x)
    for i in np.ndindex(x.shape):
        y[i] = np.tanh(x[i])
    return y


def tanh_input(dy: Array, y: Array) -> Array:
    dx = np.empty_like(dy)
    for i in np.ndindex(y.shape):
        dx[i] = dy[i] * (1 - y[i] * y[i])
    return dx


def softmax(x: Array, axis: int) -> Array:
    y = np.empty_like(x)
    for line in lines(x, axis):
        top = max(v.real for v in x[line])
        e = [np.exp(v - top) for v in x[line]]
        y[line] = e / sum(e)
    return y


def log_softmax(x: Array, axis: int) -> Array:
    y = np.empty_like(x)
    for line in lines(x, axis):
        top = max(v.real for v in x[line])
        y[line] = x[line] - top - np.log(sum(np.exp(v - top) for v in x[line]))
    return y


def lines(x: Array, axis: int):
    """An index for every line of elements along `axis`: all positions along the others."""
    others = [size for i, size in enumerate(x.shape) if i != axis]
    for i in np.ndindex(*others) if x.size else ():
        yield (*i[:axis], slice(None), *i[axis:])
