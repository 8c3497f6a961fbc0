"""Pooling plane by plane for windows of 2x2 that do not overlap, LeNet-5's; every result is written once.

The lines of small pictures fill no vectors. So the upper lines of a plane's windows are brought together in a
scratch, and so are the lower ones (or their sums); what is left is one long loop over all outputs of the plane.
That takes half the time of a loop over each line of 14.

x (P, H, W)   y, winner (P, OH*OW)   with P = N*C planes
"""

import numpy as np

from ._numba import inner, shared
from ._pool_planes_numba import fill, larger
from ._team import share_out


@shared
def largest(items, *arguments):
    share_out(_largest_plane, items, arguments)


@inner
def _largest_plane(i, thread, y, winner, x):
    size = 2 * y.shape[1]
    lines = np.empty(2 * size, x.dtype)
    for half in range(2):
        _gather(lines[half * size : (half + 1) * size], x[i], half)
    _largest(y[i], winner[i], lines[:size], lines[size:])


@inner
def _largest(y, winner, upper, lower):
    one, two, three = winner.dtype.type(1), winner.dtype.type(2), winner.dtype.type(3)
    for o in range(len(y)):
        j = np.uintp(2 * o)
        v, k = upper[j], winner.dtype.type(0)
        v, k = larger(v, k, upper[j + np.uintp(1)], one)
        v, k = larger(v, k, lower[j], two)
        y[o], winner[o] = larger(v, k, lower[j + np.uintp(1)], three)


@shared
def to_winners(items, *arguments):
    share_out(_to_winners_plane, items, arguments)


@inner
def _to_winners_plane(i, thread, dx, dy, winner):
    size = 2 * dy.shape[1]
    lines = np.empty(2 * size, dy.dtype)
    for half in range(2):
        _to_winners_of_2(lines[half * size : (half + 1) * size], dy[i], winner[i], 2 * half)
    _scatter(dx[i], lines[:size], lines[size:])


@inner
def _to_winners_of_2(dx, dy, winner, k):
    zero = dx.dtype.type(0)
    left, right = winner.dtype.type(k), winner.dtype.type(k + 1)
    for o in range(len(dy)):
        j = np.uintp(2 * o)
        dx[j] = dy[o] if winner[o] == left else zero
        dx[j + np.uintp(1)] = dy[o] if winner[o] == right else zero


@shared
def means(items, *arguments):
    share_out(_means_plane, items, arguments)


@inner
def _means_plane(i, thread, y, x):
    pairs = np.empty(2 * y.shape[1], x.dtype)
    _add_lines(pairs, x[i])
    _means_of_2(y[i], pairs)


@inner
def _add_lines(pairs, x):
    H, W = x.shape[0] // 2 * 2, x.shape[1] // 2 * 2
    for iy in range(0, H, 2):
        to, upper, lower = pairs[iy // 2 * W :], x[iy], x[iy + 1]
        for ix in range(W):
            to[ix] = upper[ix] + lower[ix]


@inner
def _means_of_2(y, pairs):
    quarter = y.dtype.type(0.25)
    for o in range(len(y)):
        j = np.uintp(2 * o)
        y[o] = quarter * (pairs[j] + pairs[j + np.uintp(1)])


@shared
def shares(items, *arguments):
    share_out(_shares_plane, items, arguments)


@inner
def _shares_plane(i, thread, dx, dy):
    lines = np.empty(2 * dy.shape[1], dy.dtype)
    _twice(lines, dy[i])
    _scatter(dx[i], lines, lines)


@inner
def _twice(dx, dy):
    quarter = dy.dtype.type(0.25)
    for o in range(len(dy)):
        j = np.uintp(2 * o)
        dx[j] = dx[j + np.uintp(1)] = quarter * dy[o]


@inner
def _gather(lines, x, first):
    H, W = x.shape[0] // 2 * 2, x.shape[1] // 2 * 2
    for iy in range(0, H, 2):
        to, source = lines[iy // 2 * W :], x[iy + first]
        for ix in range(W):
            to[ix] = source[ix]


@inner
def _scatter(dx, upper, lower):
    """The lines back to their places; the last line and column of an odd picture are in no window."""
    H, W = dx.shape[0] // 2 * 2, dx.shape[1] // 2 * 2
    for iy in range(0, H, 2):
        above, below, u, v = dx[iy], dx[iy + 1], upper[iy // 2 * W :], lower[iy // 2 * W :]
        for ix in range(W):
            above[ix], below[ix] = u[ix], v[ix]
    fill(dx[H:], 0)
    fill(dx[:, W:], 0)
