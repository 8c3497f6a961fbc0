"""New tensors: from data, of one value, of random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import random
from .backend import device_of, is_array, move
from .dtypes import as_dtype
from .errors import ArgumentError, DTypeError
from .geometry import is_whole
from .tensor import Operand, Tensor, as_tensor

__all__ = ["arange", "tensor", "from_numpy", "full", "zeros", "ones", "zeros_like", "ones_like", "rand", "randn"]


def tensor(data: Operand, dtype: Any = None, device: str | None = None, requires_grad: bool = False) -> Tensor:
    """A new leaf with a copy of `data`: arrays keep dtype and device; Python floats become float32."""
    array = as_tensor(data).data
    if dtype is not None:
        if not isinstance(data, Tensor) and not is_array(data):
            array = np.asarray(data)  # with the digits that float32 would lose
        array = array.astype(as_dtype("tensor", dtype), copy=False)
    return Tensor(move(array.copy(order="K"), device or device_of(array)), requires_grad)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor that shares the array's memory. Changes made through the array go unnoticed."""
    if not isinstance(array, np.ndarray):
        raise DTypeError(
            "from_numpy", f"needs a NumPy array, not {type(array).__name__}; tensor(...) takes any numbers."
        )
    return as_tensor(array)


def full(size: Any, fill_value: Any, dtype: Any = None, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of one value: full((2, 3), 7). The dtype is that of the value, float32 for a Python float."""
    dtype = as_tensor(fill_value).dtype if dtype is None else as_dtype("full", dtype)
    return Tensor(move(np.full(_size("full", (size,)), fill_value, dtype), device), requires_grad)


def zeros(*size: Any, dtype: Any = np.float32, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of zeros: zeros(2, 3) or zeros((2, 3))."""
    return full(_size("zeros", size), 0, dtype, device, requires_grad)


def ones(*size: Any, dtype: Any = np.float32, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of ones: ones(2, 3) or ones((2, 3))."""
    return full(_size("ones", size), 1, dtype, device, requires_grad)


def arange(start: float, end: float | None = None, step: float = 1, dtype: Any = None, device: str = "cpu") -> Tensor:
    """start, start + step, ... up to but without `end`; arange(n) counts from 0. Whole numbers give int64."""
    start, end = (0, start) if end is None else (start, end)
    if step == 0:
        raise ArgumentError("arange", "step is 0; it must lead from start to end.")
    numbers = np.arange(start, end, step)
    if dtype is None:
        dtype = np.int64 if numbers.dtype.kind == "i" else np.float32
    return Tensor(move(numbers.astype(as_dtype("arange", dtype)), device))


def zeros_like(x: Tensor) -> Tensor:
    """Zeros of x's shape, dtype and device."""
    return zeros(x.shape, dtype=x.dtype, device=x.device)


def ones_like(x: Tensor) -> Tensor:
    """Ones of x's shape, dtype and device."""
    return ones(x.shape, dtype=x.dtype, device=x.device)


def rand(*size: Any, dtype: Any = np.float32, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """Uniform random numbers in [0, 1), from the stream "weights"."""
    dtype = _floating("rand", dtype)
    array = random.stream("weights").random(_size("rand", size), np.float64 if dtype == "f8" else np.float32)
    return Tensor(move(array.astype(dtype), device), requires_grad)


def randn(*size: Any, dtype: Any = np.float32, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """Normal random numbers of mean 0 and variance 1, from the stream "weights"."""
    dtype = _floating("randn", dtype)
    array = random.stream("weights").standard_normal(_size("randn", size)).astype(dtype)
    return Tensor(move(array, device), requires_grad)


def _size(operation: str, size: tuple) -> tuple[int, ...]:
    """(2, 3) from f(2, 3), f((2, 3)) and f([2, 3]) alike."""
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    if not all(is_whole(n) and n >= 0 for n in size):
        raise ArgumentError(operation, f"sizes must be whole numbers of at least 0, not {size}.")
    return tuple(int(n) for n in size)


def _floating(operation: str, dtype: Any) -> np.dtype:
    dtype = as_dtype(operation, dtype)
    if dtype.kind != "f":
        raise DTypeError(operation, f"gives floating-point numbers, not {dtype}.")
    return dtype
