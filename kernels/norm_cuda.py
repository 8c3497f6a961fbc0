"""Batch normalisation in CUDA: one pass for the statistics, one for y; one for the sums of the gradient, one for dx."""

import numpy as np

from tinyconv.backend import Array, array_module

from ._cuda import Launcher, Program
from ._rows_cuda import as_rows, blocks, like_rows, partial_sums

program = Program("norm")
_deviations, _mean_and_var = program.kernel("deviations"), program.kernel("mean_and_var")
_batch_norm, _batch_norm_input = program.kernel("batch_norm"), program.kernel("batch_norm_input")
_gradient_sums, _dbias_and_dweight = program.kernel("gradient_sums"), program.kernel("dbias_and_dweight")


def batch_norm_stats(x: Array) -> tuple[Array, Array]:
    if not (program.takes(x) and x.size):
        return NotImplemented
    rows = as_rows(x)
    partial = partial_sums(_deviations, 2, rows, rows)
    mean, var = _two_rows(partial)
    _mean_and_var(mean.size, mean, var, partial, rows, len(partial), np.int64(len(rows)), dtype=x.dtype)
    return mean, var


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
    if not (program.takes(x, residual) and x.size):
        return NotImplemented
    y = like_rows(x)
    added = None if residual is None else as_rows(residual)
    numbers = *map(_real, (mean, var, weight, bias)), float(eps), added, bool(relu)
    _for_rows(_batch_norm, as_rows(y), as_rows(x), *numbers)
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
    if not (program.takes(dy, x, y) and x.size):
        return NotImplemented
    mean, var, weight_ = map(_real, (mean, var, weight))
    rows, dy_rows, y_rows = as_rows(x), as_rows(dy), None if y is None else as_rows(y)
    partial = partial_sums(_gradient_sums, 2, rows, dy_rows, rows, y_rows, mean, var, float(eps))
    dbias, dweight = _two_rows(partial)
    _dbias_and_dweight(dbias.size, dbias, dweight, partial, len(partial), dtype=x.dtype)
    dx, dresidual = like_rows(x), like_rows(x) if residual and y is not None else None
    where = as_rows(dx), None if dresidual is None else as_rows(dresidual)
    _for_rows(_batch_norm_input, *where, dy_rows, rows, y_rows, mean, var, weight_, dbias, dweight, float(eps))
    gradients = dx, dweight.astype(weight.dtype, copy=False), dbias.astype(weight.dtype, copy=False)
    return (*gradients, dy if dresidual is None else dresidual) if residual else gradients


def _for_rows(kernel: Launcher, first: Array, *arguments: object) -> None:
    """kernel(P, C, first, ...), the first array being rows (P, C)"""
    if first.size:
        P, C = first.shape
        tiles, splits = blocks(first)
        kernel.on((tiles, min(32 * splits, 65535)), 256, np.int64(P), C, first, *arguments, dtype=first.dtype)


def _two_rows(partial: Array) -> tuple[Array, Array]:
    a = array_module(partial).empty((2, partial.shape[2]), partial.dtype)
    return a[0], a[1]


def _real(a: Array) -> Array:
    """Numbers for each channel as the kernels have them: real<T>, side by side."""
    xp, dtype = array_module(a), np.float64 if a.dtype == np.float64 else np.float32
    return xp.ascontiguousarray(a.astype(dtype, copy=False))
