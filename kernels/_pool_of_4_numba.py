"""Pooling plane by plane for windows of 2x2 that do not overlap, LeNet-5's; every result is written once.

The lines of small pictures fill no vectors. So the upper lines of a plane's windows are brought together in a
scratch, and so are the lower ones (or their sums); what is left is one long loop over all outputs of the plane.
That takes half the time of a loop over each line of 14.

x (P, H*W)   y, winner (P, OH*OW)   lines (threads, 4*OH*OW), scratch   with P = N*C planes

The last line and column of an odd picture are in no window. Indices are unsigned: nobody asks if they are negative.
"""

import numpy as np

from ._numba import inner, shared
from ._pool_planes_numba import larger
from ._team import share_out


@shared
def largest(items, *arguments):
    share_out(_largest_plane, items, arguments)


@inner
def _largest_plane(i, thread, y, winner, x, W, lines):
    both, size = lines[thread], 2 * y.shape[1]
    _gather(both, x[i], size, W)
    _largest(y[i], winner[i], both, np.uintp(size))


@inner
def _largest(y, winner, lines, lower):
    one, two, three = winner.dtype.type(1), winner.dtype.type(2), winner.dtype.type(3)
    for o in range(len(y)):
        j = np.uintp(2 * o)
        v, k = lines[j], winner.dtype.type(0)
        v, k = larger(v, k, lines[j + np.uintp(1)], one)
        v, k = larger(v, k, lines[lower + j], two)
        y[o], winner[o] = larger(v, k, lines[lower + j + np.uintp(1)], three)


@shared
def to_winners(items, *arguments):
    share_out(_to_winners_plane, items, arguments)


@inner
def _to_winners_plane(i, thread, dx, dy, winner, W, lines):
    both, size = lines[thread], 2 * dy.shape[1]
    for half in range(2):
        _to_winners_of_2(both, np.uintp(half * size), dy[i], winner[i], 2 * half)
    _scatter(dx[i], both, size, np.uintp(size), W)


@inner
def _to_winners_of_2(lines, first, dy, winner, k):
    zero = dy.dtype.type(0)
    left, right = winner.dtype.type(k), winner.dtype.type(k + 1)
    for o in range(len(dy)):
        j = first + np.uintp(2 * o)
        lines[j] = dy[o] if winner[o] == left else zero
        lines[j + np.uintp(1)] = dy[o] if winner[o] == right else zero


@shared
def means(items, *arguments):
    share_out(_means_plane, items, arguments)


@inner
def _means_plane(i, thread, y, x, W, lines):
    pairs = lines[thread]
    add_lines(pairs, x[i], 2 * y.shape[1], W)
    means_of_2(y[i], pairs)


@inner
def means_of_2(y, pairs):
    quarter = y.dtype.type(0.25)
    for o in range(len(y)):
        j = np.uintp(2 * o)
        y[o] = quarter * (pairs[j] + pairs[j + np.uintp(1)])


@shared
def shares(items, *arguments):
    share_out(_shares_plane, items, arguments)


@inner
def _shares_plane(i, thread, dx, dy, W, lines):
    twice(lines[thread], dy[i])
    _scatter(dx[i], lines[thread], 2 * dy.shape[1], np.uintp(0), W)


@inner
def twice(lines, dy):
    quarter = dy.dtype.type(0.25)
    for o in range(len(dy)):
        j = np.uintp(2 * o)
        lines[j] = lines[j + np.uintp(1)] = quarter * dy[o]


# ---------------------------------------------------------------- lines of a picture, and all of them together


@inner
def places(line, W):
    """Where a line of windows begins in the scratch, and in the picture; how far it goes there, and one line down."""
    return np.uintp(line * (W // 2 * 2)), np.uintp(2 * line * W), np.uintp(W // 2 * 2), np.uintp(W)


@inner
def _gather(lines, x, size, W):
    for line in range(size // (W // 2 * 2)):
        to, place, width, down = places(line, W)
        for j in range(width):
            lines[to + j] = x[place + j]
            lines[np.uintp(size) + to + j] = x[place + down + j]


@inner
def add_lines(pairs, x, size, W):
    for line in range(size // (W // 2 * 2)):
        to, place, width, down = places(line, W)
        for j in range(width):
            pairs[to + j] = x[place + j] + x[place + down + j]


@inner
def _scatter(dx, lines, size, lower, W):
    """The lines back to their places; the lower lines begin at `lower`."""
    for line in range(size // (W // 2 * 2)):
        source, place, width, down = places(line, W)
        for j in range(width):
            dx[place + j] = lines[source + j]
            dx[place + down + j] = lines[lower + source + j]
