"""tanh and the average pooling after it, compiled: a plane is done while it is in the nearest cache.

Forwards that saves a pass over the large map, backwards a pass and writing and reading its gradient. Windows
of 2x2 that do not overlap, plane by plane; all others are done one after the other.

x, t, dx (P, H*W)   y, dy (P, OH*OW)   lines (threads, 4*OH*OW), scratch   with P = N*C planes
"""

import numpy as np

from tinyconv.backend import Array
from tinyconv.geometry import Window
from tinyconv.memory import empty

from . import _exp_numba
from ._layout import is_channels_last
from ._numba import inner, shared
from ._pool_of_4_numba import add_lines, means_of_2, places, twice
from ._team import share_out
from .activation_numba import tanh, tanh_input
from .pool_numba import HALVING, avg_pool2d, avg_pool2d_input, clear_edges, flat_planes, lines_of_4


def tanh_avg_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    if x.dtype != np.float32:
        return NotImplemented
    N, C, H, W = x.shape
    if window != HALVING or is_channels_last(x):
        t = tanh(x)
        return t, avg_pool2d(t, window, window.size[0] * window.size[1])
    t, y = empty(x.shape, x.dtype), empty((N, C, H // 2, W // 2), x.dtype)
    _forward(N * C, flat_planes(t), flat_planes(y), flat_planes(x), W, lines_of_4(y))
    return t, y


def tanh_avg_pool2d_input(dy: Array, t: Array, window: Window) -> Array:
    if t.dtype != np.float32:
        return NotImplemented
    N, C, H, W = t.shape
    if window != HALVING or is_channels_last(t):
        return tanh_input(avg_pool2d_input(dy, window, window.size[0] * window.size[1], t.shape), t)
    dx = empty(t.shape, t.dtype)
    clear_edges(dx)
    _backward(N * C, flat_planes(dx), flat_planes(dy), flat_planes(t), W, lines_of_4(dy))
    return dx


@shared
def _forward(items, *arguments):
    share_out(_forward_plane, items, arguments)


@inner
def _forward_plane(i, thread, t, y, x, W, lines):
    _tanh(t[i], x[i])
    add_lines(lines[thread], t[i], 2 * y.shape[1], W)
    means_of_2(y[i], lines[thread])


@inner
def _tanh(t, x):
    for j in range(len(x)):
        t[j] = _exp_numba.tanh(x[j])


@shared
def _backward(items, *arguments):
    share_out(_backward_plane, items, arguments)


@inner
def _backward_plane(i, thread, dx, dy, t, W, lines):
    twice(lines[thread], dy[i])
    _scatter(dx[i], t[i], lines[thread], 2 * dy.shape[1], W)


@inner
def _scatter(dx, t, lines, size, W):
    """Each line of dt, to both lines of its windows, times the slope 1 - t^2"""
    one = dx.dtype.type(1)
    for line in range(size // (W // 2 * 2)):
        source, place, width, down = places(line, W)
        for j in range(width):
            above, below = t[place + j], t[place + down + j]
            dx[place + j] = lines[source + j] * (one - above * above)
            dx[place + down + j] = lines[source + j] * (one - below * below)
