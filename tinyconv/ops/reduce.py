"""Sums, means and extremes over any axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tinyconv.backend import array_module
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.tensor import Operand, Tensor, as_tensor, record

from .arguments import floating, real
from .index import getitem
from .shape import axes_of, axis_of, expand, reshape, squeeze

Dims = int | Sequence[int] | None


def sum(x: Operand, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """y = sum of x over the axes `dim` (all of them by default),   dx = dy, repeated along those axes

    The sum of whole numbers, or of bools, is int64.
    """
    x = as_tensor(x)
    axes = axes_of("sum", x, dim)
    X, kept = x.shape, _kept(x.shape, axes)
    y = x.data.sum(axes, None if x.dtype.kind in "fc" else np.int64, keepdims=keepdim)
    return record("sum", y, (x, lambda dy: expand(reshape(dy, kept), X)), dim=axes)


def mean(x: Operand, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """y = (1/n) sum of x over the n elements along the axes `dim`"""
    x = floating(x)
    n = _count(x, axes_of("mean", x, dim))
    return sum(x, dim, keepdim) / (n or np.nan)


def var(x: Operand, dim: Dims = None, correction: int = 1, keepdim: bool = False) -> Tensor:
    """y = 1/(n - correction) sum of (x - mean)^2 over the axes `dim`

    correction  1 divides by n - 1 (Bessel, the default as in PyTorch), 0 by n (as batch norm does)
    """
    x = floating(real("var", x))
    n = _count(x, axes_of("var", x, dim))
    if n <= correction:
        raise ArgumentError("var", f"{n} element(s) less a correction of {correction} leaves nothing to divide by.")
    deviation = x - mean(x, dim, keepdim=True)
    return sum(deviation * deviation, dim, keepdim) / (n - correction)


def amax(x: Operand, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """y = largest of x over the axes `dim` (all of them by default); dy is shared equally among equals"""
    return _extreme("amax", x, dim, keepdim)


def amin(x: Operand, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """y = smallest of x over the axes `dim` (all of them by default); dy is shared equally among equals"""
    return _extreme("amin", x, dim, keepdim)


class Extreme(NamedTuple):
    """The largest or smallest elements along an axis, and where they are: a pair, as in PyTorch."""

    values: Tensor
    indices: Tensor


def max(x: Operand, dim: int | None = None, keepdim: bool = False) -> Any:
    """The largest of all elements, as `amax`; or with `dim` the pair (values, indices) along that axis

    dy then goes to the element at `indices`, the first of equals. `amax` takes several axes.
    """
    return _extreme("max", x, None, False) if dim is None else _along("max", x, dim, keepdim)


def min(x: Operand, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest of all elements, as `amin`; or with `dim` the pair (values, indices) along that axis

    dy then goes to the element at `indices`, the first of equals. `amin` takes several axes.
    """
    return _extreme("min", x, None, False) if dim is None else _along("min", x, dim, keepdim)


def _along(name: str, x: Operand, dim: int, keepdim: bool) -> Extreme:
    x = real(name, x)
    if isinstance(dim, (tuple, list)):
        raise ArgumentError(name, f"dim is {dim!r}; only one axis has indices. For several: a{name}.")
    axis = axis_of(name, x, dim)
    _check_not_empty(name, x, (axis,))
    xp = array_module(x.data)
    where = [xp.arange(n).reshape([-1 if a == i else 1 for a in range(x.ndim)]) for i, n in enumerate(x.shape)]
    where[axis] = getattr(xp, f"arg{name}")(x.data, axis, keepdims=True)
    values, indices = getitem(x, tuple(where)), Tensor(where[axis])
    return Extreme(values, indices) if keepdim else Extreme(squeeze(values, axis), squeeze(indices, axis))


def _extreme(name: str, x: Operand, dim: Dims, keepdim: bool) -> Tensor:
    x = real(name, x)
    axes = axes_of(name, x, dim)
    _check_not_empty(name, x, axes)
    X, kept = x.shape, _kept(x.shape, axes)

    def rule(dy: Tensor, y: Tensor) -> Tensor:
        winners = x.data == y.data.reshape(kept)
        m = winners.sum(axes, keepdims=True)  # so many equal winners
        return expand(reshape(dy, kept), X) * (winners / array_module(m).maximum(m, 1)).astype(y.dtype)

    y = getattr(array_module(x.data), name)(x.data, axes, keepdims=keepdim)
    return record(name, y, (x, rule), dim=axes)


def argmax(x: Operand, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The position of the (first) largest element along `dim`, or in the flattened tensor; no gradient"""
    x = real("argmax", x)
    axes = tuple(range(x.ndim)) if dim is None else (axis_of("argmax", x, dim),)
    _check_not_empty("argmax", x, axes)
    return Tensor(array_module(x.data).argmax(x.data, dim, keepdims=keepdim))


def _check_not_empty(name: str, x: Tensor, axes: tuple[int, ...]) -> None:
    if _count(x, axes) == 0:
        raise ShapeError(name, f"a tensor of shape {x.shape} has no elements along {axes}.")


def _kept(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The result's shape if reduced axes stay, with size 1."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def _count(x: Tensor, axes: tuple[int, ...]) -> int:
    """How many elements go into one result."""
    return int(np.prod([x.shape[i] for i in axes]))
