"""Local response normalisation compiled for the CPU: pixel after pixel, its channels side by side in memory.

A pixel's sums of squares take `size` passes over a row that stays in the first cache; NumPy's go through memory.
s^-0.75, with which the nets were trained, is 1 / (sqrt(s) sqrt(sqrt(s))): vectors have roots, but no powers.
AlexNet's first map, (8, 96, 55, 55) in float32, takes one thread 4 ms forward and 8 ms back; NumPy 13 and 31.
"""

import numpy as np

from tinyconv.backend import Array
from tinyconv.memory import empty

from ._layout import plain
from ._numba import inner, most_threads, shared, takes
from ._team import share_out

BLOCK = 128  # pixels


def local_response_norm(x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    if not takes(x):
        return NotImplemented
    rows = _rows(x)
    y = empty(rows.shape, x.dtype)
    numbers = map(x.dtype.type, (alpha / size, beta, k))
    _normalise(-(-len(rows) // BLOCK), y, rows, size, *numbers)
    return _picture(y, x)


def local_response_norm_input(dy: Array, x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    if not takes(dy, x):
        return NotImplemented
    rows = _rows(x)
    dx = empty(rows.shape, x.dtype)
    scratch = empty((most_threads(), x.shape[1]), x.dtype)
    numbers = map(x.dtype.type, (alpha / size, beta, k))
    _gradients(-(-len(rows) // BLOCK), dx, _rows(dy), rows, scratch, size, *numbers)
    return _picture(dx, x)


def _rows(x: Array) -> Array:
    """(N, C, ...) -> (M, C), a row for each pixel"""
    return plain(np.moveaxis(x, 1, -1)).reshape(-1, x.shape[1])


def _picture(rows: Array, like: Array) -> Array:
    N, C, *sizes = like.shape
    return np.moveaxis(rows.reshape(N, *sizes, C), -1, 1)


# ---------------------------------------------------------------- compiled: matrices (M, C)


@shared
def _normalise(items, *arguments):
    share_out(_normalise_block, items, arguments)


@inner
def _normalise_block(i, thread, y, x, size, a, beta, k):
    for r in range(i * BLOCK, min((i + 1) * BLOCK, len(x))):
        _sums_of_squares(y[r], x[r], size, a, k)
        _powers(y[r], beta)
        for c in range(x.shape[1]):
            y[r, c] *= x[r, c]


@shared
def _gradients(items, *arguments):
    share_out(_gradients_of_block, items, arguments)


@inner
def _gradients_of_block(i, thread, dx, dy, x, scratch, size, a, beta, k):
    C, t = x.shape[1], scratch[thread]
    for r in range(i * BLOCK, min((i + 1) * BLOCK, len(x))):
        p = dx[r]
        _sums_of_squares(p, x[r], size, a, k)
        for c in range(C):
            t[c] = dy[r, c] * x[r, c] / p[c]
        _powers(p, beta)
        for c in range(C):
            t[c] *= p[c]
            p[c] *= dy[r, c]
        factor = a * beta + a * beta
        for j in range(max(-((size - 1) // 2), 1 - C), min(size // 2, C - 1) + 1):
            first, end = max(0, -j), C - max(0, j)
            _subtract_products(p[first:end], x[r, first:end], t[first + j : end + j], factor)


@inner
def _sums_of_squares(s, x, size, a, k):
    """s = k + a sum x^2"""
    C = len(x)
    for c in range(C):
        s[c] = k
    for j in range(max(-(size // 2), 1 - C), min((size - 1) // 2, C - 1) + 1):
        first, end = max(0, -j), C - max(0, j)
        _add_squares(s[first:end], x[first + j : end + j], a)


@inner(fastmath={"contract"})
def _add_squares(s, x, a):
    for c in range(len(s)):
        s[c] += a * x[c] * x[c]


@inner(fastmath={"contract"})
def _subtract_products(p, x, t, factor):
    for c in range(len(p)):
        p[c] -= factor * x[c] * t[c]


@inner
def _powers(s, beta):
    """s <- s^-beta"""
    if beta == 0.75:
        for c in range(len(s)):
            root = np.sqrt(s[c])
            s[c] = s.dtype.type(1) / (root * np.sqrt(root))
    else:
        for c in range(len(s)):
            s[c] = s[c] ** -beta
