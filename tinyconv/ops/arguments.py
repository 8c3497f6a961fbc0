"""What operations do with their arguments before anything else."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

from tinyconv.backend import on_its_gpu
from tinyconv.dtypes import promote
from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.geometry import Window, whole
from tinyconv.tensor import Operand, Tensor, as_tensor, same_device, same_dtype


def operands(operation: str, a: Operand, b: Operand) -> tuple[Tensor, Tensor]:
    """Two arguments as Tensors that broadcast; a Python number takes the other one's dtype and device."""
    if not isinstance(a, Tensor):
        a = as_tensor(a, like=b if isinstance(b, Tensor) else None)
    if not isinstance(b, Tensor):
        b = as_tensor(b, like=a)
    check_together(operation, a, b)
    A, B = a.data.dtype, b.data.dtype
    if A is not B and A.kind != B.kind:
        a, b = a.to(promote(A, B)), b.to(promote(A, B))
    return a, b


def check_together(operation: str, a: Tensor, b: Tensor) -> None:
    """Refuse operands on different devices, or of shapes that do not broadcast."""
    if type(a.data) is not np.ndarray or type(b.data) is not np.ndarray:
        same_device(operation, a, b)
        on_its_gpu(a.data)
    A, B = a.data.shape, b.data.shape
    if A != B and not all(m == n or m == 1 or n == 1 for m, n in zip(A[::-1], B[::-1], strict=False)):
        raise ShapeError(operation, f"shapes {A} and {B} do not broadcast: from the right, sizes must agree or be 1.")


def floating(x: Operand) -> Tensor:
    """x as a Tensor of floating point: whole numbers become float32, as in PyTorch."""
    x = as_tensor(x)
    return x if x.dtype.kind in "fc" else x.to(np.float32)


def real(operation: str, x: Operand) -> Tensor:
    """x as a Tensor of real numbers; the complex ones have no order, and |z| no complex derivative."""
    x = as_tensor(x)
    if x.dtype.kind == "c":
        raise DTypeError(operation, f"is not defined for complex numbers, this tensor is {x.dtype}.")
    return x


def refuse_bool(operation: str, *tensors: Tensor) -> None:
    if all(x.dtype.kind == "b" for x in tensors):
        raise DTypeError(operation, "is not defined for bool tensors; ~x is the logical not, x.float() has numbers.")


def number(operation: str, name: str, value: Any, least: float = -math.inf, most: float = math.inf) -> float:
    """`value`, a finite number within bounds."""
    if not (isinstance(value, Real) and math.isfinite(value) and least <= float(value) <= most):
        bounds = f" of at least {least}" if least > -math.inf else ""
        bounds = f" between {least} and {most}" if most < math.inf else bounds
        raise ArgumentError(operation, f"{name} is {value!r}; it must be a finite number{bounds}.")
    return float(value)


def check_filtering(operation: str, x: Tensor, w: Tensor, b: Tensor | None, ndim: int, weight: str) -> None:
    """Refuse an input, weight and bias that no window could make fit together.

    ndim    how many axes the input and the weight must have: 4 for pictures, 3 for signals
    weight  what the weight's axes mean, for the message
    """
    one, axes = ("picture", "N, C, H, W") if ndim == 4 else ("signal", "N, C, L")
    if x.ndim != ndim:
        raise ShapeError(operation, f"input has shape {x.shape}; it must be ({axes}). One {one}: x[None].")
    if w.ndim != ndim:
        raise ShapeError(operation, f"weight has shape {w.shape}; it must be {weight}.")
    if 0 in w.shape:
        raise ShapeError(
            operation, f"weight has shape {w.shape}; it needs a filter and a channel, and no axis may be empty."
        )
    tensors = [x, w] if b is None else [x, w, b]
    same_device(operation, *tensors)
    same_dtype(operation, *tensors)


def check_channels(operation: str, x: Tensor, w: Tensor, b: Tensor | None, groups: int) -> None:
    """Refuse numbers of channels, filters and groups that do not fit in a convolution."""
    C, F, CG = x.shape[1], w.shape[0], w.shape[1]
    if F % groups:
        raise ShapeError(operation, f"{F} filters do not divide into {groups} groups.")
    if CG * groups != C:
        cure = f"Set in_channels={C}" + (f", or groups={C} for a depthwise convolution." if CG == 1 else ".")
        raise ShapeError(operation, f"input has {C} channels, weight {w.shape} expects {CG * groups}. {cure}")
    if b is not None and b.shape != (F,):
        raise ShapeError(operation, f"bias has shape {b.shape}; {F} filters need ({F},).")


def one_row(operation: str, size: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Window:
    """The window of one row that slides over a signal, from numbers or tuples of one number."""
    k = single(operation, "kernel_size", size, least=1)
    s = single(operation, "stride", stride, least=1)
    d = single(operation, "dilation", dilation, least=1)
    p = padding if isinstance(padding, str) else (0, single(operation, "padding", padding, least=0))
    return Window.of(operation, (1, k), (1, s), p, (1, d), groups)


def single(operation: str, name: str, value: Any, least: int) -> int:
    """A number, or a tuple of one number, as PyTorch's one-dimensional layers have it."""
    value = value[0] if isinstance(value, (tuple, list)) and len(value) == 1 else value
    return whole(operation, name, value, least)


def numbers_only(operation: str, padding: Any) -> Any:
    """The padding of a transposed convolution, for which "same" would mean nothing."""
    if isinstance(padding, str):
        raise ArgumentError(operation, f"padding is {padding!r}; a transposed convolution takes numbers only.")
    return padding
