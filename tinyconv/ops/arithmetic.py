"""Arithmetic, element by element, with NumPy's broadcasting."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import tinyconv.kernels as kernels
from tinyconv.backend import array_module
from tinyconv.errors import ArgumentError, DTypeError
from tinyconv.tensor import Operand, Tensor, as_tensor, record

from .arguments import check_together, floating, operands, real, refuse_bool
from .shape import sum_to

# ---------------------------------------------------------------- two arguments


def add(a: Operand, b: Operand) -> Tensor:
    """y = a + b,   da = dy,   db = dy"""
    a, b = operands("add", a, b)
    A, B = a.shape, b.shape
    y = kernels.add(a.data, b.data) if A == B else a.data + b.data
    return record("add", y, (a, lambda dy: sum_to(dy, A)), (b, lambda dy: sum_to(dy, B)))


def sub(a: Operand, b: Operand) -> Tensor:
    """y = a - b,   da = dy,   db = -dy"""
    a, b = operands("sub", a, b)
    refuse_bool("sub", a, b)
    A, B = a.shape, b.shape
    return record("sub", a.data - b.data, (a, lambda dy: sum_to(dy, A)), (b, lambda dy: sum_to(-dy, B)))


def mul(a: Operand, b: Operand) -> Tensor:
    """y = a b,   da = dy b,   db = dy a"""
    a, b = operands("mul", a, b)
    A, B = a.shape, b.shape
    return record("mul", a.data * b.data, (a, lambda dy: sum_to(dy * b, A)), (b, lambda dy: sum_to(dy * a, B)))


def div(a: Operand, b: Operand) -> Tensor:
    """y = a / b,   da = dy / b,   db = -dy y / b"""
    a, b = operands("div", a, b)
    a, b = floating(a), floating(b)
    A, B = a.shape, b.shape
    return record(
        "div",
        a.data / b.data,
        (a, lambda dy: sum_to(dy / b, A)),
        (b, lambda dy, y: sum_to(-dy * y / b, B)),
    )


def pow(a: Operand, b: Operand) -> Tensor:
    """y = a^b,   da = dy b a^(b-1),   db = dy y ln a  (0 where a = 0 and b >= 0, as in PyTorch)"""
    b = b.item() if isinstance(b, np.generic) else b
    if isinstance(b, (int, float)):
        return _pow_number(as_tensor(a), b)
    a, b = operands("pow", a, b)
    if not {a.dtype.kind, b.dtype.kind} & {"f", "c"} and (b.data < 0).any():
        raise DTypeError("pow", "whole numbers have no negative powers; write x.float() ** b.")
    A, B = a.shape, b.shape
    return record(
        "pow",
        array_module(a.data).power(a.data, b.data),
        (a, lambda dy: sum_to(dy * where(b == 0, 0, b * a ** where(b == 0, 1, b - 1)), A)),
        (b, lambda dy, y: sum_to(dy * y * log(where(_vanishes(a, b), 1, a)), B)),
    )


def _pow_number(x: Tensor, n: float) -> Tensor:
    """y = x^n,   dx = dy n x^(n-1)"""
    if x.dtype.kind not in "fc":
        x = floating(x) if isinstance(n, float) else x
        if n < 0 and x.dtype.kind not in "fc":
            raise DTypeError("pow", f"whole numbers have no negative powers such as {n}; write x.float() ** {n}.")
    return record("pow", x.data**n, (x, lambda dy: dy * (n * x ** (n - 1)) if n else 0 * dy), exponent=n)


def _vanishes(a: Tensor, b: Tensor) -> Tensor:
    """Where 0^b = 0 for all b near this one, whatever ln 0 says."""
    return Tensor((a.data == 0) & (b.data >= 0))


def maximum(a: Operand, b: Operand) -> Tensor:
    """y = max(a, b); dy goes to the larger one, half to each where they are equal (as in PyTorch)"""
    return _select("maximum", a, b, np.greater)


def minimum(a: Operand, b: Operand) -> Tensor:
    """y = min(a, b); dy goes to the smaller one, half to each where they are equal (as in PyTorch)"""
    return _select("minimum", a, b, np.less)


def _select(name: str, a: Operand, b: Operand, wins: Callable) -> Tensor:
    a, b = operands(name, a, b)
    a, b = real(name, a), real(name, b)
    A, B = a.shape, b.shape
    return record(
        name,
        getattr(array_module(a.data), name)(a.data, b.data),
        (a, lambda dy: sum_to(dy * _share(a, b, wins), A)),
        (b, lambda dy: sum_to(dy * _share(b, a, wins), B)),
    )


def _share(a: Tensor, b: Tensor, wins: Callable) -> Tensor:
    """The part of dy that is a's: 1 where a wins, 1/2 in a draw, else 0."""
    return Tensor((wins(a.data, b.data) + 0.5 * (a.data == b.data)).astype(a.dtype))


def where(condition: Operand, a: Operand, b: Operand) -> Tensor:
    """y = a where the condition holds, b elsewhere; dy goes to the one that was taken"""
    condition = as_tensor(condition)
    if condition.dtype.kind != "b":
        raise DTypeError("where", f"the condition is {condition.dtype}; it must be bool, such as x > 0.")
    if not isinstance(a, Tensor) and not isinstance(b, Tensor):
        a = as_tensor(a, like=condition)
    a, b = operands("where", a, b)
    check_together("where", condition, a)
    check_together("where", condition, b)
    A, B = a.shape, b.shape
    return record(
        "where",
        array_module(a.data).where(condition.data, a.data, b.data),
        (a, lambda dy: sum_to(where(condition, dy, 0), A)),
        (b, lambda dy: sum_to(where(condition, 0, dy), B)),
        condition=condition,
    )


# ---------------------------------------------------------------- one argument


def neg(x: Operand) -> Tensor:
    """y = -x,   dx = -dy"""
    x = as_tensor(x)
    refuse_bool("neg", x)
    return record("neg", -x.data, (x, lambda dy: -dy))


def exp(x: Operand) -> Tensor:
    """y = e^x,   dx = dy y"""
    x = floating(x)
    return record("exp", array_module(x.data).exp(x.data), (x, lambda dy, y: dy * y))


def log(x: Operand) -> Tensor:
    """y = ln x,   dx = dy / x"""
    x = floating(x)
    return record("log", array_module(x.data).log(x.data), (x, lambda dy: dy / x))


def sqrt(x: Operand) -> Tensor:
    """y = sqrt(x),   dx = dy / 2y"""
    x = floating(x)
    return record("sqrt", array_module(x.data).sqrt(x.data), (x, lambda dy, y: dy / (2 * y)))


def abs(x: Operand) -> Tensor:
    """y = |x|,   dx = dy sign(x)  (0 at 0)"""
    x = real("abs", x)
    xp = array_module(x.data)
    return record("abs", xp.abs(x.data), (x, lambda dy: dy * xp.sign(x.data)))


def clip(x: Operand, min: float | None = None, max: float | None = None) -> Tensor:
    """y = x held between min and max,   dx = dy where min <= x <= max, 0 elsewhere"""
    x = real("clip", x)
    if min is None and max is None:
        raise ArgumentError("clip", "give min, max or both.")
    for name, bound in (("min", min), ("max", max)):
        if bound is not None and not isinstance(bound, (int, float)):
            raise ArgumentError("clip", f"{name} is a {type(bound).__name__}; it must be a number or None.")
        if isinstance(bound, float):
            x = floating(x)
    low, high = -np.inf if min is None else float(min), np.inf if max is None else float(max)
    if low > high:
        raise ArgumentError("clip", f"min is {min}, above max, which is {max}.")
    y = array_module(x.data).clip(x.data, min, max).astype(x.dtype, copy=False)
    return record("clip", y, (x, lambda dy: where((x >= low) & (x <= high), dy, 0)), min=min, max=max)
