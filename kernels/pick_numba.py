"""Picking pixels compiled for the CPU: columns that are neighbours in the picture too are copied at one go.

That made cutting 32x32 out of padded pictures seven times as fast as looking up each column.
"""

import numpy as np

from tinyconv.backend import Array
from tinyconv.memory import empty

from ._numba import inner, plain, serial

TYPES = (np.uint8, np.float32, np.float64)


def pick_pixels(x: Array, rows: np.ndarray, columns: np.ndarray, fill: float) -> Array:
    if x.dtype not in TYPES:
        return NotImplemented
    (N, OH), OW = rows.shape, columns.shape[1]
    y = empty((N, x.shape[1], OH, OW), x.dtype)
    _pick(y, plain(x), plain(rows.astype(np.int64)), plain(columns.astype(np.int64)), x.dtype.type(fill))
    return y


@serial
def _pick(y, x, rows, columns, fill):
    N, C, OH, OW = y.shape
    for n in range(N):
        column = columns[n]
        begin, end = _run(column)
        first, start = np.uintp(begin), np.uintp(column[begin] if end > begin else 0)
        for c in range(C):
            for i in range(OH):
                target = y[n, c, i]
                if rows[n, i] < 0:
                    target[:] = fill
                    continue
                source = x[n, c, rows[n, i]]
                for j in range(begin):
                    target[j] = fill if column[j] < 0 else source[column[j]]
                for j in range(np.uintp(end - begin)):
                    target[first + j] = source[start + j]
                for j in range(end, OW):
                    target[j] = fill if column[j] < 0 else source[column[j]]


@inner
def _run(column):
    """From where to where the first columns go that are each other's neighbours."""
    begin = 0
    while begin < len(column) - 1 and (column[begin] < 0 or column[begin + 1] != column[begin] + 1):
        begin += 1
    end = begin
    while end < len(column) and column[end] >= 0 and column[end] == column[begin] + end - begin:
        end += 1
    return begin, end
