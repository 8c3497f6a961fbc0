"""Batch normalisation compiled for the CPU, of channels-last pictures, sequences of vectors, and planes.

Channels-last, x is a matrix (M, C), M = N*H*W, which is read once for the statistics, and written or read
once for y and each of the two passes for dx. Blocks of rows are shared out among the threads. A block's sums
are kept in the data's precision, as deviations from the block's first row, so that nothing cancels if the
mean is large; the blocks are put together in float64, in their order, whatever the number of threads.
"""

import numpy as np

from tinyconv.backend import Array
from tinyconv.memory import empty, empty_like

from . import _norm_planes_numba as planes
from ._layout import is_channels_last, pixels, plain
from ._numba import REORDERED, inner, shared, takes
from ._team import share_out


def batch_norm_stats(x: Array) -> tuple[Array, Array]:
    if not takes(x):
        return NotImplemented
    if not _is_matrix(x):
        return planes.batch_norm_stats(x)
    rows, C = _rows(x), x.shape[1]
    block, first, counts = _blocks(rows)
    sums = np.empty((len(counts), 2, rows.shape[1]), x.dtype)
    _sums(len(sums), sums, rows, block)
    n = np.repeat(counts, rows.shape[1] // C)[:, None]  # of each group's C channels
    totals, squares = (sums[:, i].astype(np.float64).reshape(-1, C) for i in (0, 1))
    means = first.astype(np.float64).reshape(-1, C) + totals / n
    mean = (n * means).sum(0) / n.sum()
    var = (squares - totals**2 / n + n * (means - mean) ** 2).sum(0) / n.sum()
    return mean.astype(x.dtype), var.astype(x.dtype)


def batch_norm(
    x: Array,
    mean: Array,
    var: Array,
    weight: Array,
    bias: Array,
    eps: float,
    residual: Array | None = None,
    relu: bool = False,
) -> Array:
    if not takes(x, mean, var, weight, bias, residual):
        return NotImplemented
    scale = weight / np.sqrt(var + x.dtype.type(eps))
    if not _is_matrix(x):
        return planes.batch_norm(x, mean, scale, bias, residual, relu)
    y, rows = _like(x), _rows(x)
    m, s, b = _for_rows(rows, mean, scale, bias)
    added = rows if residual is None else _rows(residual)
    block, first, _ = _blocks(rows)
    _normalise(len(first), _rows(y), rows, m, s, b, added, residual is not None, relu, block)
    return y


def batch_norm_input(
    dy: Array,
    x: Array,
    mean: Array,
    var: Array,
    weight: Array,
    eps: float,
    y: Array | None = None,
    residual: bool = False,
) -> tuple[Array, ...]:
    if not takes(dy, x, mean, var, weight, y):
        return NotImplemented
    r = 1 / np.sqrt(var + x.dtype.type(eps))
    if not _is_matrix(x):
        return planes.batch_norm_input(dy, x, mean, r, weight, y, residual)
    rows, dys, C = _rows(x), _rows(dy), x.shape[1]
    ys = dys if y is None else _rows(y)
    block, _, counts = _blocks(rows)
    (m,) = _for_rows(rows, mean)
    sums = np.empty((len(counts), 2, rows.shape[1]), x.dtype)
    _sums_of_gradients(len(sums), sums, dys, rows, ys, y is not None, m, block)
    dbias, product = (sums[:, i].reshape(-1, C).sum(0, dtype=np.float64) for i in (0, 1))

    # dx = g (dy - (dbias + z dweight) / n)  =  g dy - shift - (x - mean) slope
    n, g = x.size // C, weight * r
    shift, slope = g * dbias / n, g * product * np.square(r) / n
    dx = _like(x)
    masked = _like(x) if residual else dx
    coefficients = _for_rows(rows, mean, g, shift.astype(x.dtype), slope.astype(x.dtype))
    _gradients(len(sums), _rows(dx), _rows(masked), dys, rows, ys, y is not None, residual, *coefficients, block)
    gradients = dx, (product * r).astype(x.dtype), dbias.astype(x.dtype)
    return (*gradients, masked) if residual else gradients


def _is_matrix(x: Array) -> bool:
    return is_channels_last(x) or x.ndim == 2


def _like(x: Array) -> Array:
    return empty_like(x) if x.ndim == 4 else empty(x.shape, x.dtype)


def _rows(x: Array) -> Array:
    """(N, C, H, W) or (N, C) -> (M/g, g*C): g pixels in a row, to fill vectors and make loops long."""
    matrix = pixels(x).reshape(-1, x.shape[1]) if x.ndim == 4 else plain(x)
    (M, C), g = matrix.shape, 1
    while M and M % (2 * g) == 0 and 2 * g * C <= 512:
        g *= 2
    return matrix.reshape(M // g, g * C)


def _for_rows(rows: Array, *numbers: Array) -> list[Array]:
    """Numbers of the channels (C,), repeated for the pixels of a row."""
    return [np.tile(a, rows.shape[1] // len(a)) for a in numbers]


def _blocks(rows: Array) -> tuple[int, Array, Array]:
    """The rows of a block, the first row of each block, and the number of rows in each."""
    R, K = rows.shape
    block = min(max(2**16 // K, 32), 256)
    first = rows[::block]
    counts = np.full(len(first), block)
    if R % block:
        counts[-1] = R % block
    return block, first, counts


# ---------------------------------------------------------------- compiled: matrices (R, K), numbers (K,)


@shared
def _sums(items, *arguments):
    """sum (x - f),   sum (x - f)^2     over each block, f its first row"""
    share_out(_sums_of_block, items, arguments)


@inner
def _sums_of_block(i, thread, sums, x, block):
    f, end = i * block, min((i + 1) * block, len(x))
    _clear(sums[i, 0], sums[i, 1])
    for a in range(f, end, 4):  # four rows at a time save loads and stores of the sums
        b, c, d = a + 1, a + 2, a + 3
        b, c, d = b if b < end else f, c if c < end else f, d if d < end else f  # row f adds nothing
        _add_deviations(sums[i, 0], sums[i, 1], x[f], x[a], x[b], x[c], x[d])


@inner(fastmath=REORDERED)
def _add_deviations(totals, squares, f, xa, xb, xc, xd):
    for k in range(len(f)):
        a, b, c, d = xa[k] - f[k], xb[k] - f[k], xc[k] - f[k], xd[k] - f[k]
        totals[k] += a + b + c + d
        squares[k] += a * a + b * b + c * c + d * d


@inner
def _clear(a, b):
    for k in range(len(a)):
        a[k] = b[k] = 0


@shared
def _normalise(items, *arguments):
    share_out(_normalise_block, items, arguments)


@inner
def _normalise_block(i, thread, y, x, mean, scale, bias, residual, has_residual, relu, block):
    for r in range(i * block, min((i + 1) * block, len(x))):
        _normalise_row(y[r], x[r], mean, scale, bias, residual[r], has_residual, relu)


@inner(fastmath={"contract"})
def _normalise_row(y, x, mean, scale, bias, residual, has_residual, relu):
    zero = x.dtype.type(0)
    for k in range(len(x)):
        v = (x[k] - mean[k]) * scale[k] + bias[k]
        if has_residual:
            v += residual[k]
        y[k] = zero if relu and v <= zero else v


@shared
def _sums_of_gradients(items, *arguments):
    """sum dy,   sum dy (x - mean)     over each block"""
    share_out(_sums_of_gradients_of_block, items, arguments)


@inner
def _sums_of_gradients_of_block(i, thread, sums, dy, x, y, masked, mean, block):
    _clear(sums[i, 0], sums[i, 1])
    for r in range(i * block, min((i + 1) * block, len(x))):
        _add_gradients(sums[i, 0], sums[i, 1], dy[r], x[r], y[r], masked, mean)


@inner(fastmath=REORDERED)
def _add_gradients(totals, products, dy, x, y, masked, mean):
    zero = x.dtype.type(0)
    for k in range(len(x)):
        d = zero if masked and not y[k] > zero else dy[k]
        totals[k] += d
        products[k] += d * (x[k] - mean[k])


@shared
def _gradients(items, *arguments):
    share_out(_gradients_of_block, items, arguments)


@inner
def _gradients_of_block(i, thread, dx, d_residual, dy, x, y, masked, has_residual, mean, g, shift, slope, block):
    for r in range(i * block, min((i + 1) * block, len(x))):
        _gradient_row(dx[r], d_residual[r], dy[r], x[r], y[r], masked, has_residual, mean, g, shift, slope)


@inner(fastmath={"contract"})
def _gradient_row(dx, d_residual, dy, x, y, masked, has_residual, mean, g, shift, slope):
    zero = x.dtype.type(0)
    for k in range(len(x)):
        d = zero if masked and not y[k] > zero else dy[k]
        if has_residual:
            d_residual[k] = d
        dx[k] = g[k] * d - shift[k] - (x[k] - mean[k]) * slope[k]
