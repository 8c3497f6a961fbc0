"""Tensors joined into one, and one cut into several."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np

from tinyconv.backend import array_module
from tinyconv.dtypes import promote
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.geometry import is_whole, whole
from tinyconv.tensor import Operand, Tensor, as_tensor, record, same_device

from .index import getitem
from .shape import axis_of, unsqueeze


def cat(tensors: Sequence[Operand], dim: int = 0) -> Tensor:
    """y = the tensors one after the other along `dim`,   each dx = its slice of dy"""
    xs = _tensors("cat", tensors)
    axis = axis_of("cat", xs[0], dim)
    others = [x.shape[:axis] + x.shape[axis + 1 :] for x in xs]
    if any(x.ndim != xs[0].ndim for x in xs) or len(set(others)) > 1:
        raise ShapeError("cat", f"shapes {[x.shape for x in xs]} differ in more than axis {axis}.")
    dtype = functools.reduce(promote, [x.dtype for x in xs])
    xs = [x.to(dtype) for x in xs]
    y = array_module(xs[0].data).concatenate([x.data for x in xs], axis)
    ends = np.cumsum([x.shape[axis] for x in xs])
    rules = [(x, _cutting(axis, int(end) - x.shape[axis], int(end))) for x, end in zip(xs, ends, strict=True)]
    return record("cat", y, *rules, dim=axis)


def stack(tensors: Sequence[Operand], dim: int = 0) -> Tensor:
    """y = the tensors side by side along a new axis `dim`"""
    xs = _tensors("stack", tensors)
    if len({x.shape for x in xs}) > 1:
        raise ShapeError("stack", f"shapes {[x.shape for x in xs]} must all be equal.")
    return cat([unsqueeze(x, dim) for x in xs], dim)


def split(x: Operand, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """x in pieces of `split_size` along `dim` (the last may be smaller), or of the sizes given (views)"""
    x = as_tensor(x)
    axis = axis_of("split", x, dim)
    size = x.shape[axis]
    if isinstance(split_size, (tuple, list)):
        sizes = list(split_size)
    else:
        step = whole("split", "split_size", split_size, least=1)
        sizes = [min(step, size - i) for i in range(0, size, step)] or [0]
    if not all(is_whole(n) and n >= 0 for n in sizes) or sum(sizes) != size:
        raise ArgumentError("split", f"sizes {sizes} do not add up to {size}, the size of axis {axis}.")
    ends = np.cumsum(sizes)
    return tuple(_cutting(axis, int(end) - n, int(end))(x) for n, end in zip(sizes, ends, strict=True))


def _cutting(axis: int, start: int, end: int) -> Callable[[Tensor], Tensor]:
    """The function that takes the slice from start to end along an axis."""
    return lambda x: getitem(x, (slice(None),) * axis + (slice(start, end),))


def _tensors(operation: str, tensors: Sequence[Operand]) -> list[Tensor]:
    if isinstance(tensors, Tensor) or not len(tensors):
        raise ArgumentError(operation, "needs a list of at least one tensor.")
    xs = [as_tensor(x) for x in tensors]
    same_device(operation, *xs)
    return xs
