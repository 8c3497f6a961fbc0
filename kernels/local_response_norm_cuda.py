"""Local response normalisation in CUDA."""

import numpy as np

from tinyconv.backend import Array, array_module

from ._cuda import Program
from ._rows_cuda import as_rows, like_rows

program = Program("local_response_norm")
_local_response_norm, _weighted = program.kernel("local_response_norm"), program.kernel("weighted")
_local_response_norm_input = program.kernel("local_response_norm_input")


def local_response_norm(x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    if not (program.takes(x) and x.size):
        return NotImplemented
    y, numbers = like_rows(x), (x.shape[1], int(size), float(alpha), float(beta), float(k))
    _local_response_norm(x.size, as_rows(y), as_rows(x), *numbers)
    return y


def local_response_norm_input(dy: Array, x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    if not (program.takes(dy, x) and x.size):
        return NotImplemented
    dx, numbers = like_rows(x), (x.shape[1], int(size), float(alpha), float(beta), float(k))
    t = array_module(x).empty(x.size, np.float64 if x.dtype == np.float64 else np.float32)
    arrays = as_rows(dy), as_rows(x)
    _weighted(x.size, t, *arrays, *numbers, dtype=x.dtype)
    _local_response_norm_input(x.size, as_rows(dx), *arrays, t, *numbers, dtype=x.dtype)
    return dx
