"""2x2 pooling with stride 2 of channels-last pictures: all four pixels of a window at once, each read or written once.

x, dx (N, H, W, C) as rows of elements, y, dy, winner (N, OH, OW, C) likewise. Three to five times as fast as the
kernels for any window, whose loops over the channels are as many as places in the window, and short.
"""

import numpy as np

from ._numba import inner, shared
from ._team import share_out


@shared
def largest(items, *arguments):
    share_out(_largest_line, items, arguments)


@inner
def _largest_line(line, thread, y, winner, x, sizes):
    H, W, C = sizes
    OH, OW = H // 2, W // 2
    above = (line // OH * H + line % OH * 2) * W * C
    for ox in range(OW):
        a = above + ox * 2 * C
        _largest_of_4(y, winner, (line * OW + ox) * C, x, a, a + W * C, C)


@inner
def _largest_of_4(y, winner, p, x, a, b, C):
    for c in range(C):
        best, k = x[np.uintp(a + c)], np.uint8(0)
        v = x[np.uintp(a + C + c)]
        wins = (v > best) | ((v != v) & (best == best))  # larger, or the first NaN
        best, k = v if wins else best, np.uint8(1) if wins else k
        v = x[np.uintp(b + c)]
        wins = (v > best) | ((v != v) & (best == best))
        best, k = v if wins else best, np.uint8(2) if wins else k
        v = x[np.uintp(b + C + c)]
        wins = (v > best) | ((v != v) & (best == best))
        y[np.uintp(p + c)] = v if wins else best
        winner[np.uintp(p + c)] = np.uint8(3) if wins else k


@shared
def to_winners(items, *arguments):
    share_out(_to_winners_line, items, arguments)


@inner
def _to_winners_line(line, thread, dx, dy, winner, sizes):
    """Two lines of dx, or the last one of an odd height, which no window reads."""
    H, W, C = sizes
    OH, OW = H // 2, W // 2
    pairs = (H + 1) // 2
    n, oy = line // pairs, line % pairs
    above = (n * H + oy * 2) * W * C
    if oy == OH:
        dx[above : above + W * C] = 0
        return
    for ox in range(OW):
        a, p = above + ox * 2 * C, ((n * OH + oy) * OW + ox) * C
        _put(dx, a, dy, winner, p, C, np.uint8(0))
        _put(dx, a + C, dy, winner, p, C, np.uint8(1))
        _put(dx, a + W * C, dy, winner, p, C, np.uint8(2))
        _put(dx, a + W * C + C, dy, winner, p, C, np.uint8(3))
    if W % 2:
        for end in (above + W * C, above + 2 * W * C):
            dx[end - C : end] = 0


@inner
def _put(dx, a, dy, winner, p, C, k):
    zero = dx.dtype.type(0)
    for c in range(C):
        dx[np.uintp(a + c)] = dy[np.uintp(p + c)] if winner[np.uintp(p + c)] == k else zero
