"""Products of float32 by cuBLAS, by way of CuPy's matmul: in TF32 where that is allowed."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from tinyconv.backend import Array, cupy


def product(a: Array, b: Array, tf32: bool) -> Array:
    """a @ b; tf32: with factors rounded to 10 bits after the point, where the GPU has tensor cores for them"""
    if not (tf32 and a.dtype == b.dtype == np.float32):
        return cupy().matmul(a, b)
    with _tf32():
        return cupy().matmul(a, b)


@contextmanager
def _tf32() -> Iterator[None]:
    linalg = cupy()._core._routines_linalg  # its environment variable CUPY_TF32 is read but once
    before = linalg.get_compute_type(np.float32)
    linalg.set_compute_type(np.float32, linalg.COMPUTE_TYPE_TF32)
    try:
        yield
    finally:
        linalg.set_compute_type(np.float32, before)
