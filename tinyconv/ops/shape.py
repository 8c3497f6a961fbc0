"""Operations that move elements about without changing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyconv.backend import array_module
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.geometry import is_whole
from tinyconv.tensor import Operand, Tensor, as_tensor, record

Shape = tuple[int, ...]


# ---------------------------------------------------------------- broadcasting, and its adjoint


def expand(x: Operand, *shape: Any) -> Tensor:
    """y = x repeated along new axes and those of size 1 (a view; -1 keeps a size),   dx = sum over them"""
    x = as_tensor(x)
    Y = _sizes("expand", shape)
    new = len(Y) - x.ndim
    Y = tuple(x.shape[i - new] if size == -1 and i >= new else size for i, size in enumerate(Y))
    X = x.shape
    try:
        y = array_module(x.data).broadcast_to(x.data, Y)
    except ValueError:
        raise ShapeError(
            "expand", f"a tensor of shape {X} cannot be expanded to {Y}: only sizes of 1 repeat."
        ) from None
    return record("expand", y, (x, lambda dy: sum_to(dy, X)), shape=Y)


def sum_to(x: Tensor, shape: Shape) -> Tensor:
    """The adjoint of `expand`: sum over the axes along which `shape` was repeated.   dx = dy expanded"""
    if x.shape == shape:
        return x
    X = x.shape
    new = len(X) - len(shape)
    axes = tuple(i for i in range(len(X)) if i < new or (shape[i - new] == 1 and X[i] != 1))
    y = x.data.sum(axes, keepdims=True).reshape(shape)
    return record("sum_to", y, (x, lambda dy: expand(dy, X)), shape=shape)


# ---------------------------------------------------------------- the same elements in another shape


def reshape(x: Operand, *shape: Any) -> Tensor:
    """y = the elements of x, row by row, in another shape (one size may be -1),   dx = dy in x's shape"""
    x = as_tensor(x)
    X, Y = x.shape, _sizes("reshape", shape)
    if any(n < -1 for n in Y):
        raise ShapeError("reshape", f"the shape {Y} has sizes below 0; only -1 means something: what is left.")
    try:
        y = x.data.reshape(Y)
    except ValueError:
        raise ShapeError("reshape", f"{x.numel()} elements of shape {X} do not fill the shape {Y}.") from None
    return record("reshape", y, (x, lambda dy: reshape(dy, X)), shape=Y)


def flatten(x: Operand, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """y = x with the axes from start_dim to end_dim (inclusive) merged into one"""
    x = as_tensor(x)
    if x.ndim == 0:
        return reshape(x, 1)
    start, end = axis_of("flatten", x, start_dim), axis_of("flatten", x, end_dim)
    if start > end:
        raise ArgumentError("flatten", f"start_dim {start_dim} comes after end_dim {end_dim} in shape {x.shape}.")
    merged = int(np.prod(x.shape[start : end + 1]))
    return reshape(x, *x.shape[:start], merged, *x.shape[end + 1 :])


def squeeze(x: Operand, dim: int | tuple[int, ...] | None = None) -> Tensor:
    """y = x without its axes of size 1 (or without those of `dim` that have size 1)"""
    x = as_tensor(x)
    axes = range(x.ndim) if dim is None else axes_of("squeeze", x, dim)
    return reshape(x, tuple(size for i, size in enumerate(x.shape) if not (size == 1 and i in axes)))


def unsqueeze(x: Operand, dim: int) -> Tensor:
    """y = x with a new axis of size 1 at `dim`"""
    x = as_tensor(x)
    axis = _axis("unsqueeze", dim, x.ndim + 1, x.shape)
    return reshape(x, *x.shape[:axis], 1, *x.shape[axis:])


# ---------------------------------------------------------------- axes in another order


def permute(x: Operand, *dims: Any) -> Tensor:
    """y = x with its axes in the order `dims` (a view),   dx = dy with them put back"""
    x = as_tensor(x)
    order = _sizes("permute", dims)
    axes = axes_of("permute", x, order)
    if len(axes) != x.ndim:
        raise ShapeError("permute", f"{order} does not name all {x.ndim} axes of shape {x.shape}.")
    back = tuple(int(i) for i in np.argsort(axes))
    return record("permute", x.data.transpose(axes), (x, lambda dy: permute(dy, back)), dims=axes)


def transpose(x: Operand, dim0: int = -2, dim1: int = -1) -> Tensor:
    """y = x with two axes exchanged (a view)"""
    x = as_tensor(x)
    a, b = axis_of("transpose", x, dim0), axis_of("transpose", x, dim1)
    order = list(range(x.ndim))
    order[a], order[b] = b, a
    return permute(x, order)


def reverse_axes(x: Operand) -> Tensor:
    """x.T: y = x with its axes in reverse order (a view)"""
    x = as_tensor(x)
    return permute(x, tuple(range(x.ndim))[::-1])


# ---------------------------------------------------------------- copies


def clone(x: Operand) -> Tensor:
    """y = a copy of x, in memory of its own,   dx = dy"""
    x = as_tensor(x)
    return record("clone", x.data.copy(order="K"), (x, lambda dy: dy))


# ---------------------------------------------------------------- arguments


def axis_of(operation: str, x: Tensor, dim: int) -> int:
    """An axis as a number of at least 0, checked."""
    return _axis(operation, dim, x.ndim, x.shape)


def _axis(operation: str, dim: int, ndim: int, shape: Shape) -> int:
    if not is_whole(dim):
        raise ArgumentError(operation, f"dim is {dim!r}; an axis is a whole number.")
    if not -ndim <= dim < ndim:
        raise ShapeError(operation, f"dim {dim} is out of range for shape {shape}.")
    return int(dim % ndim)


def axes_of(operation: str, x: Tensor, dim: int | Sequence[int] | None) -> tuple[int, ...]:
    """One axis, several, or (None) all of them; each at most once."""
    if dim is None:
        return tuple(range(x.ndim))
    axes = tuple(axis_of(operation, x, d) for d in (dim if isinstance(dim, (tuple, list)) else (dim,)))
    if len(set(axes)) < len(axes):
        raise ShapeError(operation, f"{dim} names an axis of shape {x.shape} twice.")
    return axes


def _sizes(operation: str, shape: tuple) -> Shape:
    """(2, 3) from f(2, 3) and from f((2, 3)) alike."""
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = tuple(shape[0])
    if not all(is_whole(n) for n in shape):
        raise ArgumentError(operation, f"sizes and axes must be whole numbers, not {shape}.")
    return tuple(int(n) for n in shape)
