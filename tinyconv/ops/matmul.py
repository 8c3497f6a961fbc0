"""Matrix products."""

from __future__ import annotations

import math

import numpy as np

import tinyconv.kernels as kernels
from tinyconv.errors import ShapeError
from tinyconv.tensor import Operand, Tensor, as_tensor, record, same_device, same_dtype

from .reduce import sum
from .shape import reshape, sum_to, transpose, unsqueeze


def matmul(a: Operand, b: Operand) -> Tensor:
    """y = a b,   da = dy b^T,   db = a^T dy

    a (..., M, K)   b (..., K, N)   ->   y (..., M, N); leading axes broadcast. A vector stands for a
    row on the left and for a column on the right, and its axis is gone from the result.
    """
    a, b = as_tensor(a), as_tensor(b)
    same_device("matmul", a, b)
    same_dtype("matmul", a, b)
    _check_shapes(a.shape, b.shape)
    if a.ndim == 1:
        y = matmul(unsqueeze(a, 0), b)
        return reshape(y, *y.shape[:-2], *y.shape[-1:]) if b.ndim > 1 else reshape(y, ())
    if b.ndim == 1:
        y = matmul(a, unsqueeze(b, 1))
        return reshape(y, y.shape[:-1])
    A, B = a.shape, b.shape
    return record(
        "matmul",
        kernels.matmul(a.data, b.data),
        (a, lambda dy: sum_to(matmul(dy, transpose(b)), A)),
        (b, lambda dy: sum_to(matmul(transpose(a), dy), B)),
    )


def linear(x: Operand, weight: Operand, bias: Operand | None = None) -> Tensor:
    """y = x W^T + b,   dx = dy W,   dW = dy^T x,   db = sum of dy over all but the last axis

    x (..., in)   weight W (out, in)   bias b (out,) or None   ->   y (..., out)
    """
    x, w, b = as_tensor(x), as_tensor(weight), None if bias is None else as_tensor(bias)
    _check_linear(x, w, b)
    y = kernels.matmul(x.data.reshape(_count_rows(x), w.shape[1]), w.data.T)  # (M, in) @ (in, out)
    y = y if b is None else y + b.data
    return record(
        "linear",
        y.reshape(*x.shape[:-1], w.shape[0]),
        (x, lambda dy: matmul(dy, w)),
        (w, lambda dy: matmul(transpose(_rows(dy)), _rows(x))),  # (out, M) @ (M, in)
        (b, lambda dy: sum(_rows(dy), 0)),
    )


def _rows(x: Tensor) -> Tensor:
    """All leading axes merged into one: (..., features) -> (M, features)."""
    return x if x.ndim == 2 else reshape(x, _count_rows(x), x.shape[-1])


def _count_rows(x: Tensor) -> int:
    return math.prod(x.shape[:-1])


def _check_shapes(A: tuple[int, ...], B: tuple[int, ...]) -> None:
    if not A or not B:
        raise ShapeError("matmul", f"shapes {A} and {B}: numbers are multiplied with *.")
    columns, rows = A[-1], B[-2:][0]
    if columns != rows:
        raise ShapeError("matmul", f"{A} @ {B}: {columns} columns on the left, {rows} rows on the right.")
    try:
        np.broadcast_shapes(A[:-2], B[:-2])
    except ValueError:
        raise ShapeError("matmul", f"{A} @ {B}: the leading axes do not broadcast.") from None


def _check_linear(x: Tensor, w: Tensor, b: Tensor | None) -> None:
    tensors = (x, w) if b is None else (x, w, b)
    same_device("linear", *tensors)
    same_dtype("linear", *tensors)
    if w.ndim != 2:
        raise ShapeError("linear", f"weight is {w.shape}; it must be (out_features, in_features).")
    if x.ndim == 0 or x.shape[-1] != w.shape[1]:
        features = x.shape[-1] if x.ndim else "no"
        flat = math.prod(x.shape[1:])
        cure = f"Set in_features={features}, or flatten(1) the input first"
        if x.ndim > 2:  # most often pictures, straight from a convolution or pooling
            product = "*".join(map(str, x.shape[1:]))
            set_too = "" if flat == w.shape[1] else f", and set in_features={flat}"
            cure = f"flatten(1) the input first, which gives {product} = {flat} features{set_too}"
        raise ShapeError(
            "linear", f"input {x.shape} has {features} features, weight {w.shape} expects {w.shape[1]}. {cure}."
        )
    if b is not None and b.shape != w.shape[:1]:
        raise ShapeError("linear", f"bias is {b.shape}; weight {w.shape} needs ({w.shape[0]},).")
