"""Sums over everything but the channels, on the CPU: in parts of a fixed number, the parts in float64."""

import numpy as np

from tinyconv.backend import Array
from tinyconv.memory import empty

from ._layout import is_channels_last, pixels, plain
from ._numba import REORDERED, inner, shared, takes
from ._team import share_out

PARTS = 16  # whatever the number of threads, so that the sums are the same
BLOCK = 256  # pixels summed in the data's own precision


def channel_sums(x: Array) -> Array:
    if not takes(x):
        return NotImplemented
    N, C, H, W = x.shape
    sums = empty((PARTS, C), np.dtype(np.float64))
    if is_channels_last(x) or C == 1:
        rows = pixels(x).reshape(-1, C)
        _of_pixels(PARTS, sums, rows, empty((PARTS, C), x.dtype))
    else:
        _of_planes(PARTS, sums, plain(x).reshape(N, C, H * W))
    return sums.sum(0).astype(x.dtype)


@shared
def _of_pixels(items, *arguments):
    share_out(_pixels_part, items, arguments)


@inner(fastmath=REORDERED)
def _pixels_part(part, thread, sums, rows, blocks):
    M, C = rows.shape
    block, total = blocks[part], sums[part]
    total[:] = 0
    end = M * (part + 1) // PARTS
    for begin in range(M * part // PARTS, end, BLOCK):
        block[:] = 0
        for i in range(begin, min(end, begin + BLOCK)):
            row = rows[i]
            for c in range(C):
                block[c] += row[c]
        for c in range(C):
            total[c] += block[c]


@shared
def _of_planes(items, *arguments):
    share_out(_planes_part, items, arguments)


@inner(fastmath=REORDERED)
def _planes_part(part, thread, sums, x):
    N, C, L = x.shape
    total = sums[part]
    total[:] = 0
    for n in range(N * part // PARTS, N * (part + 1) // PARTS):
        for c in range(C):
            block = x.dtype.type(0)
            for i in range(L):
                block += x[n, c, i]
            total[c] += block
