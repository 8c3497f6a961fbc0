"""Arithmetic on whole arrays, where it is worth a kernel: sums of gradients, and of shortcuts."""

from tinyconv.backend import Array

from . import kernel


@kernel
def add(a: Array, b: Array) -> Array:
    """y = a + b, of the same shape"""
    return a + b
