"""What operations do with their arguments before anything else."""

from __future__ import annotations

import numpy as np

from tinyconv.dtypes import promote
from tinyconv.errors import DTypeError, ShapeError
from tinyconv.tensor import Operand, Tensor, as_tensor, same_device


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
