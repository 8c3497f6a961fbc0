"""Changes in place. They are not recorded, so they are refused where a gradient would be wrong afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinyconv.backend import Array, array_module
from tinyconv.errors import DTypeError, GraphError, ShapeError
from tinyconv.tape import is_grad_enabled
from tinyconv.tensor import Operand, Tensor, array_of, as_tensor, same_device

from . import arithmetic
from .index import checked


def setitem(x: Tensor, index: Any, value: Operand) -> None:
    """x[index] = value"""
    value = as_tensor(value, like=x)
    same_device("setitem", x, value)
    x.check_changeable("setitem", value)
    try:
        x.data[array_of(index if x.device == "cpu" else checked(index, x.device))] = value.data
    except (IndexError, ValueError) as error:
        raise ShapeError("setitem", f"index or value does not fit a tensor of shape {x.shape}: {error}.") from None
    x.version.count += 1


def copy_(x: Tensor, value: Operand) -> Tensor:
    """Overwrite all elements."""
    value = _value("copy_", x, value)
    x.change("copy_")[...] = value.data
    return x


def fill_(x: Tensor, value: Operand) -> Tensor:
    """Overwrite all elements with one number."""
    return copy_(x, value)


def zero_(x: Tensor) -> Tensor:
    """Overwrite all elements with 0."""
    return copy_(x, 0)


def add_(x: Tensor, other: Operand, alpha: float = 1) -> Tensor:
    """x <- x + alpha other"""
    return _calculate("add_", x, _times(alpha, other, x), "add")


def sub_(x: Tensor, other: Operand, alpha: float = 1) -> Tensor:
    """x <- x - alpha other"""
    return _calculate("sub_", x, _times(alpha, other, x), "subtract")


def mul_(x: Tensor, other: Operand) -> Tensor:
    """x <- x other"""
    return _calculate("mul_", x, other, "multiply")


def div_(x: Tensor, other: Operand) -> Tensor:
    """x <- x / other"""
    return _calculate("div_", x, other, "divide")


def follow(running: Tensor, batch: Array, momentum: float) -> None:
    """running <- (1 - momentum) running + momentum batch"""
    mul_(running, 1 - momentum)
    add_(running, batch.real, alpha=momentum)


def _augmented(symbol: str, in_place: Callable, out_of_place: Callable) -> Callable:
    """`x += y`: in place while nothing is recorded, x = x + y otherwise."""

    def operator(x: Tensor, other: Operand) -> Tensor:
        if not (is_grad_enabled() and (x.requires_grad or getattr(other, "requires_grad", False))):
            return in_place(x, other)
        if x.is_leaf and x.requires_grad:
            raise GraphError(symbol, "this leaf requires a gradient. To update it, write it under tinyconv.no_grad().")
        return out_of_place(x, other)

    return operator


iadd = _augmented("+=", add_, arithmetic.add)
isub = _augmented("-=", sub_, arithmetic.sub)
imul = _augmented("*=", mul_, arithmetic.mul)
itruediv = _augmented("/=", div_, arithmetic.div)


# ---------------------------------------------------------------- arguments


def _times(alpha: float, other: Operand, x: Tensor) -> Operand:
    return other if alpha == 1 else as_tensor(other, like=x) * alpha


def _calculate(name: str, x: Tensor, other: Operand, ufunc: str) -> Tensor:
    other = _value(name, x, other)
    result = np.result_type(x.dtype, other.dtype, np.float16 if ufunc == "divide" else np.bool_)
    if not np.can_cast(result, x.dtype, "same_kind"):
        raise DTypeError(name, f"{result} does not go into a tensor of {x.dtype}; write x = x.float() first.")
    function = getattr(array_module(x.data), ufunc)
    function(x.data, other.data, out=x.change(name), casting="same_kind")
    return x


def _value(name: str, x: Tensor, value: Operand) -> Tensor:
    """The right-hand side, and all that could be wrong with it or with x: nothing is changed before."""
    value = as_tensor(value, like=x)
    same_device(name, x, value)
    x.check_changeable(name, value)
    if not broadcasts_to(value.shape, x.shape):
        raise ShapeError(name, f"a value of shape {value.shape} does not fit a tensor of shape {x.shape}.")
    return value


def broadcasts_to(small: tuple[int, ...], big: tuple[int, ...]) -> bool:
    """Can `small` be repeated into `big`?"""
    pairs = zip(small[::-1], big[::-1], strict=False)
    return len(small) <= len(big) and all(m in (1, n) for m, n in pairs)
