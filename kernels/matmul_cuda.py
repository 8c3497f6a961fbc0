"""The matrix product on a GPU, left to cuBLAS."""

from tinyconv.backend import Array, get_float32_matmul_precision

from ._cublas import product


def matmul(a: Array, b: Array) -> Array:
    return product(a, b, tf32=get_float32_matmul_precision() == "high")
