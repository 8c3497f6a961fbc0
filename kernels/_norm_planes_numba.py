"""Batch normalisation of planes, (N, C, H, W) as it is written: a thread takes a channel at a time.

Sums run along one plane in the data's precision, in vectors, and over the planes in float64.
"""

import math

import numpy as np

from tinyconv.backend import Array
from tinyconv.memory import empty

from ._layout import plain
from ._numba import REORDERED, inner, shared
from ._team import share_out


def batch_norm_stats(x: Array) -> tuple[Array, Array]:
    mean, var = np.empty(x.shape[1], x.dtype), np.empty(x.shape[1], x.dtype)
    _stats(x.shape[1], mean, var, _planes(x))
    return mean, var


def batch_norm(x: Array, mean: Array, scale: Array, bias: Array, residual: Array | None, relu: bool) -> Array:
    y = empty(x.shape, x.dtype)
    _normalise(x.shape[0] * x.shape[1], _planes(y), _planes(x), plain(mean), scale, plain(bias))
    if residual is not None:
        y += residual
    return np.maximum(y, 0, out=y) if relu else y


def batch_norm_input(
    dy: Array, x: Array, mean: Array, r: Array, weight: Array, y: Array | None, residual: bool
) -> tuple[Array, ...]:
    if y is not None:
        dy = np.where(y > 0, dy, dy.dtype.type(0))
    dx = empty(x.shape, x.dtype)
    dweight, dbias = np.empty(x.shape[1], x.dtype), np.empty(x.shape[1], x.dtype)
    _gradients(x.shape[1], _planes(dx), dweight, dbias, _planes(dy), _planes(x), plain(mean), r, plain(weight))
    return (dx, dweight, dbias, dy) if residual else (dx, dweight, dbias)


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


@shared
def _stats(items, *arguments):
    share_out(_stats_of_channel, items, arguments)


@inner
def _stats_of_channel(c, thread, mean, var, x):
    N, C, L = x.shape
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


@shared
def _normalise(items, *arguments):
    share_out(_normalise_plane, items, arguments)


@inner
def _normalise_plane(nc, thread, y, x, mean, scale, bias):
    N, C, L = x.shape
    n, c = nc // C, nc % C
    m, s, b = mean[c], scale[c], bias[c]
    for i in range(L):
        y[n, c, i] = (x[n, c, i] - m) * s + b


@shared
def _gradients(items, *arguments):
    share_out(_gradients_of_channel, items, arguments)


@inner
def _gradients_of_channel(c, thread, dx, dweight, dbias, dy, x, mean, r, weight):
    N, C, L = x.shape
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
