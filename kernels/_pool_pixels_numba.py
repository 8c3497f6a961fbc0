"""Pooling of channels-last pictures: vectors along the channels, and every result sent to memory once.

What a window reads, and which windows read a pixel, stand in two small tables, one for the rows and one for
the columns; the kernels know no other geometry. What a pixel's sum grows in stays in the nearest cache.

x (N, H, W, C)   y, winner (N, OH, OW, C)   read: rows (OH, KH), columns (OW, KW)   readers: (H, KH), (W, KW)
"""

from ._numba import inner, shared
from ._team import share_out


@shared
def largest(items, *arguments):
    share_out(_largest_line, items, arguments)


@inner
def _largest_line(line, thread, y, winner, x, rows, columns):
    N, OH, OW, _ = y.shape
    n, oy = line // OH, line % OH
    for ox in range(OW):
        first, k = True, -1
        for iy in rows[oy]:
            for ix in columns[ox]:
                k += 1
                if iy >= 0 and ix >= 0:
                    _compare(y[n, oy, ox], winner[n, oy, ox], x[n, iy, ix], winner.dtype.type(k), first)
                    first = False


@inner
def _compare(y, winner, x, k, first):
    if first:
        for c in range(len(y)):
            y[c], winner[c] = x[c], k
    else:
        for c in range(len(y)):
            v, so_far = x[c], y[c]
            wins = (v > so_far) | ((v != v) & (so_far == so_far))  # larger, or the first NaN
            winner[c] = k if wins else winner[c]
            y[c] = v if wins else so_far


@shared
def to_winners(items, *arguments):
    share_out(_to_winners_line, items, arguments)


@inner
def _to_winners_line(line, thread, dx, dy, winner, rows, columns):
    N, H, W, _ = dx.shape
    n, iy = line // H, line % H
    for ix in range(W):
        _clear(dx[n, iy, ix])
        k = -1
        for oy in rows[iy]:
            for ox in columns[ix]:
                k += 1
                if oy >= 0 and ox >= 0:
                    _add_won(dx[n, iy, ix], dy[n, oy, ox], winner[n, oy, ox], winner.dtype.type(k))


@inner
def _add_won(dx, dy, winner, k):
    zero = dx.dtype.type(0)
    for c in range(len(dx)):
        dx[c] += dy[c] if winner[c] == k else zero


@shared
def sums(items, *arguments):
    """y = share * sum of x over the window"""
    share_out(_sums_line, items, arguments)


@inner
def _sums_line(line, thread, y, x, share, rows, columns):
    N, OH, OW, _ = y.shape
    n, oy = line // OH, line % OH
    for ox in range(OW):
        a = share[oy, ox]
        _clear(y[n, oy, ox])
        for iy in rows[oy]:
            for ix in columns[ox]:
                if iy >= 0 and ix >= 0:
                    _add(y[n, oy, ox], x[n, iy, ix], a)


@shared
def shares(items, *arguments):
    """dx = sum of share * dy over the windows that read this pixel"""
    share_out(_shares_line, items, arguments)


@inner
def _shares_line(line, thread, dx, dy, share, rows, columns):
    N, H, W, _ = dx.shape
    n, iy = line // H, line % H
    for ix in range(W):
        _clear(dx[n, iy, ix])
        for oy in rows[iy]:
            for ox in columns[ix]:
                if oy >= 0 and ox >= 0:
                    _add(dx[n, iy, ix], dy[n, oy, ox], share[oy, ox])


@inner
def _clear(y):
    for c in range(len(y)):
        y[c] = 0


@inner
def _add(y, x, a):
    for c in range(len(y)):
        y[c] += a * x[c]
