"""Comparisons and logic, element by element: bool tensors, without gradient."""

from __future__ import annotations

from collections.abc import Callable

from tinyconv.backend import array_module
from tinyconv.errors import DTypeError
from tinyconv.tensor import Operand, Tensor, as_tensor

from .arguments import operands, real

SYMBOLS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def _comparison(name: str, compare: Callable) -> Callable[[Operand, Operand], Tensor]:
    def comparison(a: Operand, b: Operand) -> Tensor:
        a, b = operands(name, a, b)
        if name not in ("eq", "ne"):
            a, b = real(name, a), real(name, b)
        return Tensor(compare(a.data, b.data))

    comparison.__name__ = comparison.__qualname__ = name
    comparison.__doc__ = f"Where a {SYMBOLS[name]} b: a bool tensor, without gradient."
    return comparison


eq = _comparison("eq", lambda a, b: a == b)
ne = _comparison("ne", lambda a, b: a != b)
lt = _comparison("lt", lambda a, b: a < b)
le = _comparison("le", lambda a, b: a <= b)
gt = _comparison("gt", lambda a, b: a > b)
ge = _comparison("ge", lambda a, b: a >= b)


def logical_and(a: Operand, b: Operand) -> Tensor:
    """a & b: where both hold"""
    return _logic("logical_and", a, b)


def logical_or(a: Operand, b: Operand) -> Tensor:
    """a | b: where at least one holds"""
    return _logic("logical_or", a, b)


def logical_not(x: Operand) -> Tensor:
    """~x: where x does not hold"""
    x = _truths("logical_not", x)
    return Tensor(~x.data)


def _logic(name: str, a: Operand, b: Operand) -> Tensor:
    a, b = operands(name, _truths(name, a), _truths(name, b))
    return Tensor(getattr(array_module(a.data), name)(a.data, b.data))


def _truths(name: str, x: Operand) -> Tensor:
    x = as_tensor(x)
    if x.dtype.kind != "b":
        raise DTypeError(name, f"is for bool tensors, such as x > 0; this one is {x.dtype}.")
    return x
