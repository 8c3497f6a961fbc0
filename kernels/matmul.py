"""The matrix product, left to the machine's BLAS."""

from tinyconv.backend import Array, array_module

from . import kernel


@kernel
def matmul(a: Array, b: Array) -> Array:
    """y[..., m, n] = sum_k a[..., m, k] b[..., k, n]        a (..., M, K)   b (..., K, N)   ->   y (..., M, N)"""
    return array_module(a).matmul(a, b)
