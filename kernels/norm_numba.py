"""Batch normalisation compiled for the CPU: a thread takes a channel at a time, and passes over it.

Sums run along one plane in the data's precision, in vectors, and over the planes in float64.
"""

import math

import numpy as np
from numba import prange

from tinyconv.backend import Array

from ._numba import REORDERED, jit, plain, takes


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


@jit(parallel=True, fastmath=REORDERED)
def _stats(mean, var, x):
    N, C, L = x.shape
    zero = x.dtype.type(0)
    for c in prange(C):
        total = 0.0
        for n in range(N):
            plane = zero
            for i in range(L):
                plane += x[n, c, i]
            total += plane
        m = x.dtype.type(total / (N * L))
        total, rest = 0.0, 0.0
        for n in range(N):
            squares, plane = zero, zero
            for i in range(L):
                d = x[n, c, i] - m
                squares += d * d
                plane += d
            total += squares
            rest += plane
        rest /= N * L  # what rounding left of the mean
        mean[c] = m + rest
        var[c] = total / (N * L) - rest * rest


@jit(parallel=True, fastmath=REORDERED)
def _normalise(y, x, mean, scale, bias):
    N, C, L = x.shape
    for nc in prange(N * C):
        n, c = nc // C, nc % C
        m, s, b = mean[c], scale[c], bias[c]
        for i in range(L):
            y[n, c, i] = (x[n, c, i] - m) * s + b


@jit(parallel=True, fastmath=REORDERED)
def _gradients(dx, dweight, dbias, dy, x, mean, r, weight):
    N, C, L = x.shape
    zero = x.dtype.type(0)
    for c in prange(C):
        m = mean[c]
        total, product = 0.0, 0.0
        for n in range(N):
            plane, products = zero, zero
            for i in range(L):
                plane += dy[n, c, i]
                products += dy[n, c, i] * (x[n, c, i] - m)
            total += plane
            product += products
        dbias[c] = total
        dweight[c] = product * r[c]
        g = weight[c] * r[c]
        shift = x.dtype.type(total / (N * L))
        slope = x.dtype.type(product * r[c] * r[c] / (N * L))
        for n in range(N):
            for i in range(L):
                dx[n, c, i] = g * (dy[n, c, i] - (shift + (x[n, c, i] - m) * slope))
