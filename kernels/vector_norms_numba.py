"""How long arrays are, compiled for the CPU: all of them in one launch."""

import numpy as np

from tinyconv.backend import Array

from ._numba import REORDERED, inner, shared
from ._parameters import Table, array
from ._team import share_out


def vector_norms(a: list[Array]) -> Array:
    table = Table(a, a, [])
    if not table.fits:
        return NotImplemented
    squares = np.empty(len(table.chunks))
    _squares(len(squares), squares, table.addresses, table.chunks, np.empty(0, table.dtype))
    return np.sqrt(np.bincount(table.chunks[:, 0], squares, len(a))).astype(table.dtype)


@shared
def _squares(items, *arguments):
    share_out(_chunk, items, arguments)


@inner
def _chunk(k, thread, squares, addresses, chunks, like):
    i, first, n = chunks[k, 0], chunks[k, 1], chunks[k, 2]
    squares[k] = _sum_of_squares(array(addresses[i], 0, first, n, like))


@inner(fastmath=REORDERED)
def _sum_of_squares(a):
    total = 0.0
    for j in range(len(a)):
        x = np.float64(a[j])
        total += x * x
    return total
