"""Batch normalisation compiled for the CPU: a thread takes a channel at a time, and passes over it.

Sums run along one plane in the data's precision, in vectors, and over the planes in float64.
"""

import math

import numpy as np
from numba import prange

from tinyconv.backend import Array

from ._numba import REORDERED, inner, parallel, plain, takes


def batch_norm_stats(x: Array) -> tuple[Array, Array]:
    if not takes(x):
        return NotImplemented
    mean, var = np.empty(x.shape[1], x.dtype), np.empty(x.shape[1], x.dtype)
    _stats(mean, var, _planes(x))
    return mean, var


def batch_norm(x: Array, mean: Array, var: Array, weight: Array, bias: Array, eps: float) -> Array:
    if not takes(x, mean, var, weight, bias):
        return NotImplemented
    y = np.empty(x.shape, x.dtype)
    scale = weight / np.sqrt(var + x.dtype.type(eps))
    _normalise(_planes(y), _planes(x), plain(mean), scale, plain(bias))
    return y


def batch_norm_input(
    dy: Array, x: Array, mean: Array, var: Array, weight: Array, eps: float
) -> tuple[Array, Array, Array]:
    if not takes(dy, x, mean, var, weight):
        return NotImplemented
    dx = np.empty(x.shape, x.dtype)
    dweight, dbias = np.empty(x.shape[1], x.dtype), np.empty(x.shape[1], x.dtype)
    r = 1 / np.sqrt(var + x.dtype.type(eps))
    _gradients(_planes(dx), dweight, dbias, _planes(dy), _planes(x), plain(mean), r, plain(weight))
    return dx, dweight, dbias


def _planes(x: Array) -> Array:
    """(N, C, H, W) -> (N, C, H*W)"""
    return plain(x).reshape(*x.shape[:2], math.prod(x.shape[2:]))


@inner(fastmath=REORDERED)
def _sum(xs):
    total = xs.dtype.type(0)
    for i in range(len(xs)):
        total += xs[i]
    return total


@inner(fastmath=REORDERED)
def _sums_of_deviations(xs, m):
    """sum (x - m)^2,   sum (x - m)"""
    squares, rest = xs.dtype.type(0), xs.dtype.type(0)
    for i in range(len(xs)):
        d = xs[i] - m
        squares += d * d
        rest += d
    return squares, rest


@inner(fastmath=REORDERED)
def _sums_of_gradients(dys, xs, m):
    """sum dy,   sum dy (x - m)"""
    total, product = xs.dtype.type(0), xs.dtype.type(0)
    for i in range(len(xs)):
        total += dys[i]
        product += dys[i] * (xs[i] - m)
    return total, product


@parallel
def _stats(mean, var, x):
    N, C, L = x.shape
    for c in prange(C):
        total, squares, rest = 0.0, 0.0, 0.0
        for n in range(N):
            total += _sum(x[n, c])
        m = x.dtype.type(total / (N * L))
        for n in range(N):
            s, r = _sums_of_deviations(x[n, c], m)
            squares += s
            rest += r
        rest /= N * L  # what rounding left of the mean
        mean[c] = m + rest
        var[c] = squares / (N * L) - rest * rest


@parallel
def _normalise(y, x, mean, scale, bias):
    N, C, L = x.shape
    for nc in prange(N * C):
        n, c = nc // C, nc % C
        m, s, b = mean[c], scale[c], bias[c]
        for i in range(L):
            y[n, c, i] = (x[n, c, i] - m) * s + b


@parallel
def _gradients(dx, dweight, dbias, dy, x, mean, r, weight):
    N, C, L = x.shape
    for c in prange(C):
        m = mean[c]
        total, product = 0.0, 0.0
        for n in range(N):
            s, p = _sums_of_gradients(dy[n, c], x[n, c], m)
            total += s
            product += p
        dbias[c], dweight[c] = total, product * r[c]
        shift = x.dtype.type(total / (N * L))
        slope = x.dtype.type(product * r[c] * r[c] / (N * L))
        g = weight[c] * r[c]
        for n in range(N):
            for i in range(L):
                dx[n, c, i] = g * (dy[n, c, i] - (shift + (x[n, c, i] - m) * slope))
