"""Where the tiles of Winograd's convolution lie, for its passes (winograd_numba.py, winograd_weight_numba.py).

Tiles are numbered picture by picture, line by line. They may reach beyond a picture: transforms take the addresses
of their pixels from a table, which names zeros outside of an input, and outside of an output a place that nobody
reads. Where channels are no multiple of the vector, the last vector overlaps the one before: both do the same.
"""

import numpy as np

from tinyconv.backend import Array

from ._moves import at
from ._numba import inner
from ._winograd_code import LANES

WIDE = 2 * LANES  # the vectors of two registers: what the micro-kernel's tiles are wide
NO_FLOOR = np.float32(-np.inf)


def filled(a: Array, axis: int) -> Array:
    """With zeros behind an axis that is shorter than a vector; Winograd's convolution does not pay there."""
    missing = max(0, LANES - a.shape[axis])
    return np.pad(a, [(0, missing if i == axis else 0) for i in range(a.ndim)]) if missing else a


def odd(vectors: int) -> int:
    """A length that is no less, and odd: steps of powers of two would compete for few places of the cache."""
    return vectors | 1


@inner
def find(places, size, x, t, TH, TW, m, top, left, outside):
    """The addresses of the size x size pixels of tile t, which begins top and left of m times its place."""
    N, H, W, C = x.shape
    n, y0, x0 = t // (TH * TW), t // TW % TH * m - top, t % TW * m - left
    for i in range(size):
        line = at(x, ((n * H + y0 + i) * W + x0) * C)
        for j in range(size):
            inside = 0 <= y0 + i < H and 0 <= x0 + j < W
            places[i * size + j] = line + j * C * 4 if inside else outside
