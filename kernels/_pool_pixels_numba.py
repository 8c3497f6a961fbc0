"""Pooling of channels-last pictures: vectors along the channels, and every result sent to memory once.

What a window reads, and which windows read a pixel, stand in two small tables, one for the rows and one for
the columns; the kernels know no other geometry. What a pixel's sum grows in stays in the nearest cache.

x, dx (N, H, W, C), y, dy, winner (N, OH, OW, C): their elements, in that order; sizes (lines and columns of the
result, lines and columns of what is read, C)   read: rows (OH, KH), columns (OW, KW)   readers: (H, KH), (W, KW)
"""

import numpy as np

from ._numba import inner, shared
from ._select import select
from ._team import share_out


@shared
def largest(items, *arguments):
    share_out(_largest_line, items, arguments)


@inner
def _largest_line(line, thread, y, winner, x, sizes, rows, columns):
    OH, OW, H, W, C = sizes
    n, oy = line // OH, line % OH
    for ox in range(OW):
        p, first, k = (line * OW + ox) * C, True, -1
        for iy in rows[oy]:
            for ix in columns[ox]:
                k += 1
                if iy >= 0 and ix >= 0:
                    a = ((n * H + iy) * W + ix) * C
                    if first:
                        _begin(y, winner, p, x, a, C, winner.dtype.type(k))
                        first = False
                    else:
                        _compare(y, winner, p, x, a, C, winner.dtype.type(k))


@inner
def _begin(y, winner, p, x, a, C, k):
    for c in range(C):
        y[np.uintp(p + c)] = x[np.uintp(a + c)]
        winner[np.uintp(p + c)] = k


@inner
def _compare(y, winner, p, x, a, C, k):
    for c in range(C):
        v, so_far, before = x[np.uintp(a + c)], y[np.uintp(p + c)], winner[np.uintp(p + c)]
        wins = (v > so_far) | ((v != v) & (so_far == so_far))  # larger, or the first NaN
        y[np.uintp(p + c)] = v if wins else so_far
        winner[np.uintp(p + c)] = k if wins else before


@shared
def to_winners(items, *arguments):
    share_out(_to_winners_line, items, arguments)


@inner
def _to_winners_line(line, thread, dx, dy, winner, sizes, rows, columns):
    H, W, OH, OW, C = sizes
    n, iy = line // H, line % H
    for ix in range(W):
        a, k = (line * W + ix) * C, -1
        _clear(dx, a, C)
        for oy in rows[iy]:
            for ox in columns[ix]:
                k += 1
                if oy >= 0 and ox >= 0:
                    _add_won(dx, a, dy, winner, ((n * OH + oy) * OW + ox) * C, C, winner.dtype.type(k))


@inner
def _add_won(dx, a, dy, winner, p, C, k):
    zero = dx.dtype.type(0)
    for c in range(C):
        dx[np.uintp(a + c)] += select(winner[np.uintp(p + c)] == k, dy[np.uintp(p + c)], zero)


@shared
def sums(items, *arguments):
    """y = share * sum of x over the window"""
    share_out(_sums_line, items, arguments)


@inner
def _sums_line(line, thread, y, x, share, sizes, rows, columns):
    OH, OW, H, W, C = sizes
    n, oy = line // OH, line % OH
    for ox in range(OW):
        p = (line * OW + ox) * C
        _clear(y, p, C)
        for iy in rows[oy]:
            for ix in columns[ox]:
                if iy >= 0 and ix >= 0:
                    _add(y, p, x, ((n * H + iy) * W + ix) * C, C, share[oy, ox])


@shared
def shares(items, *arguments):
    """dx = sum of share * dy over the windows that read this pixel"""
    share_out(_shares_line, items, arguments)


@inner
def _shares_line(line, thread, dx, dy, share, sizes, rows, columns):
    H, W, OH, OW, C = sizes
    n, iy = line // H, line % H
    for ix in range(W):
        a = (line * W + ix) * C
        _clear(dx, a, C)
        for oy in rows[iy]:
            for ox in columns[ix]:
                if oy >= 0 and ox >= 0:
                    _add(dx, a, dy, ((n * OH + oy) * OW + ox) * C, C, share[oy, ox])


@inner
def _clear(y, p, C):
    for c in range(C):
        y[np.uintp(p + c)] = 0


@inner
def _add(y, p, x, a, C, share):
    for c in range(C):
        y[np.uintp(p + c)] += share * x[np.uintp(a + c)]
