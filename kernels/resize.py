"""Pictures, or pieces of them, made larger or smaller, each by weights of its own."""

import numpy as np

from tinyconv.backend import Array, array_module

from . import kernel


@kernel
def resize(
    x: Array, columns: np.ndarray, column_weights: np.ndarray, rows: np.ndarray, row_weights: np.ndarray
) -> Array:
    """t[n, c, i, o] = sum_k column_weights[n, o, k] x[n, c, i, columns[n, o] + k],   and y from t's rows likewise

    x (N, C, H, W), columns (N, OW), column_weights (N, OW, K), rows (N, OH), row_weights (N, OH, K')
    ->   y (N, C, OH, OW) of x's dtype.   No sum may reach beyond the picture, not even with weights of 0.

    uint8 is summed in float32, and t and y are rounded, halves upwards: as Pillow does, which sums in whole numbers.
    (`resample` has one matrix for a whole batch and is for tensors; here each picture has a few weights a line.)
    """
    return _lines(_lines(x, columns, column_weights, -1), rows, row_weights, -2)


def _lines(x: Array, first: np.ndarray, weights: np.ndarray, axis: int) -> Array:
    xp = array_module(x)
    dtype = summed_in(x.dtype)
    first, weights = xp.asarray(first), xp.asarray(weights.astype(dtype))
    between = (1, 2) if axis == -1 else (1, 3)  # (N, O) -> (N, 1, 1, O) or (N, 1, O, 1)
    y: Array = 0
    for k in range(weights.shape[-1]):
        lines = xp.take_along_axis(x, xp.expand_dims(first + k, between), axis)
        y = y + xp.expand_dims(weights[:, :, k], between) * lines.astype(dtype)
    return xp.floor(y + dtype.type(0.5)).astype(x.dtype) if x.dtype == np.uint8 else y.astype(x.dtype)


def summed_in(dtype: np.dtype) -> np.dtype:
    """float32 for uint8 and half precision, else the pictures' own type."""
    return np.result_type(dtype, np.float32)
