"""Smooth activation functions in loops: one number after the other."""

import math

import numpy as np

from tinyconv.backend import Array


def silu(x: Array) -> Array:
    y = np.empty_like(x)
    for i in np.ndindex(x.shape):
        y[i] = x[i] * _sigmoid(x[i])
    return y


def silu_input(dy: Array, x: Array) -> Array:
    dx = np.empty_like(dy)
    for i in np.ndindex(x.shape):
        s = _sigmoid(x[i])
        dx[i] = dy[i] * s * (1 + x[i] * (1 - s))
    return dx


def softplus(x: Array, beta: float, threshold: float) -> Array:
    y = np.empty_like(x)
    for i in np.ndindex(x.shape):
        z = beta * x[i]
        if z.real > threshold:
            y[i] = x[i]
        elif z.real > 0:  # ln(1 + e^z) = z + ln(1 + e^-z), which cannot overflow
            y[i] = (z + np.log1p(np.exp(-z))) / beta
        else:
            y[i] = np.log1p(np.exp(z)) / beta
    return y


def normal_cdf(x: Array) -> Array:
    y = np.empty_like(x)
    for i in np.ndindex(x.shape):
        y[i] = math.erfc(-x[i] / math.sqrt(2)) / 2
    return y


def _sigmoid(v):
    e = np.exp(-v if v.real >= 0 else v)  # at most 1: it cannot overflow
    return (1 if v.real >= 0 else e) / (1 + e)
