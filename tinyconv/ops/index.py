"""Indexing: slices, whole numbers, integer arrays, bool masks, as in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyconv.backend import array_module, move
from tinyconv.errors import DTypeError, ShapeError
from tinyconv.tensor import Operand, Tensor, array_of, as_tensor, record


def getitem(x: Operand, index: Any) -> Tensor:
    """y = x[index] (a view for slices, a copy for arrays),   dx = zeros with dy added at [index]"""
    x = as_tensor(x)
    X, index = x.shape, checked(index, x.device)
    try:
        y = x.data[array_of(index)]
    except IndexError as error:
        raise ShapeError("getitem", f"the index does not fit a tensor of shape {X}: {error}.") from None
    return record("getitem", y, (x, lambda dy: put(dy, index, X)), index=index)


def put(x: Tensor, index: tuple, shape: tuple[int, ...]) -> Tensor:
    """The adjoint of getitem: zeros of `shape` with x added at [index], repeats summed.   dx = dy[index]"""
    xp = array_module(x.data)
    index = index if x.device == "cpu" else checked(index, x.device)
    y = xp.zeros(shape, x.dtype)
    if _may_repeat(index):
        xp.add.at(y, array_of(index), x.data)
    else:
        y[array_of(index)] = x.data
    return record("put", y, (x, lambda dy: getitem(dy, index)), index=index)


def checked(index: Any, device: str) -> tuple:
    """The index as a tuple, on a device, lists, tuples and arrays in it as arrays that nobody else can change.

    Tensors stay: the tape watches them for changes.
    """
    parts = index if isinstance(index, tuple) else (index,)
    parts = tuple(_positions(part) if isinstance(part, (list, tuple, range, np.ndarray)) else part for part in parts)
    parts = tuple(part if device == "cpu" else _moved(part, device) for part in parts)
    for part in parts:
        if hasattr(part, "dtype") and part.dtype.kind not in "biu":
            raise DTypeError("getitem", f"an index is {part.dtype}; it must be of whole numbers or bool.")
    return parts


def _positions(part: Any) -> np.ndarray:
    try:
        positions = np.array(part)
    except ValueError:  # NumPy: "inhomogeneous shape"
        raise ShapeError("getitem", f"the index {part} must have rows of equal lengths.") from None
    is_empty_list = not positions.size and not isinstance(part, np.ndarray)
    return positions.astype(np.int64) if is_empty_list else positions  # NumPy's [] is float64


def _moved(part: Any, device: str) -> Any:
    if isinstance(part, np.ndarray):
        return move(part, device)
    return part.to(device) if hasattr(part, "grad_fn") else part


def _may_repeat(index: tuple) -> bool:
    """Only an array of positions can name an element twice; slices and masks cannot."""
    return any(hasattr(part, "dtype") and part.dtype.kind in "iu" for part in index)
