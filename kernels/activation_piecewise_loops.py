"""Activation functions with a corner in loops: one number after the other."""

import numpy as np

from tinyconv.backend import Array


def relu6(x: Array) -> Array:
    y = np.empty_like(x)
    for i in np.ndindex(x.shape):
        y[i] = 0 if x[i] <= 0 else 6 if x[i] >= 6 else x[i]  # a NaN is neither, and stays
    return y


def relu6_input(dy: Array, y: Array) -> Array:
    dx = np.zeros_like(dy)
    for i in np.ndindex(y.shape):
        if 0 < y[i] < 6:
            dx[i] = dy[i]
    return dx


def prelu(x: Array, weight: Array) -> Array:
    y = np.empty_like(x)
    for i in np.ndindex(x.shape):
        slope = weight[i[1] if weight.size > 1 else 0]
        y[i] = x[i] if x[i] > 0 else slope * x[i]
    return y


def elu(x: Array, alpha: float) -> Array:
    y = np.empty_like(x)
    for i in np.ndindex(x.shape):
        y[i] = x[i] if x[i] > 0 else alpha * np.expm1(x[i])
    return y


def elu_input(dy: Array, y: Array, alpha: float) -> Array:
    dx = np.empty_like(dy)
    for i in np.ndindex(y.shape):
        dx[i] = dy[i] if y[i] > 0 else dy[i] * (y[i] + alpha)
    return dx
