"""Pooling: the largest or the mean of every window."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinyconv.kernels as kernels
from tinyconv.backend import Array, array_module
from tinyconv.geometry import Pair, Window, whole
from tinyconv.tensor import Operand, Tensor, array_of, record

from .arguments import floating, real
from .pool_arguments import fitted, pictures, window_of

Shape = tuple[int, ...]
NO_BORDER = ((0, 0), (0, 0))


def max_pool2d(
    input: Operand,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """y[n,c,oy,ox] = max over ky, kx of x[n,c, oy*s + ky*d - p, ox*s + kx*d - p],   dy goes to the winner

    input x (N, C, H, W)  ->  y (N, C, OH, OW),   OH = floor((H + 2p - d(KH - 1) - 1)/s) + 1

    stride     kernel_size if None
    padding    a border of -inf, at most half as wide as the window
    ceil_mode  round OH up instead, for a last window that begins inside the picture or its border and ends outside
    return_indices  give the pair (y, indices), indices[n,c,oy,ox] = iy*W + ix, where the winner is: for max_unpool2d
    Of equal pixels the first one, in row-major order, wins (as in PyTorch); NaN wins over every number.
    Raises ShapeError, ArgumentError, DTypeError.   Ranzato et al. 2007
    """
    x = pictures("max_pool2d", real("max_pool2d", input))
    X = x.shape
    window = window_of("max_pool2d", kernel_size, stride, padding, dilation)
    window = fitted("max_pool2d", window, X[2:], ceil_mode)
    y, winner = kernels.max_pool2d(x.data, window)
    out = record("max_pool2d", y, (x, lambda dy: max_pool2d_input(dy, winner, window, X)), window=window)
    return (out, Tensor(_in_picture(winner, window, X))) if return_indices else out


def max_pool2d_input(dy: Tensor, winner: Array, window: Window, shape: Shape) -> Tensor:
    """dx of max_pool2d: every dy goes to the pixel that won."""
    winner = array_of(winner)
    dx = kernels.max_pool2d_input(dy.data, winner, window, shape)
    rule = (dy, lambda ddx: _max_pool2d_gather(ddx, winner, window))
    return record("max_pool2d_input", dx, rule, window=window, winner=winner)


def _max_pool2d_gather(x: Tensor, winner: Array, window: Window) -> Tensor:
    """The pixels where an earlier max_pool2d found its winners; linear, and the adjoint of the above."""
    X = x.shape
    y = kernels.max_pool2d_gather(x.data, winner, window)
    rule = (x, lambda dy: max_pool2d_input(dy, winner, window, X))
    return record("max_pool2d_gather", y, rule, window=window, winner=winner)


def _in_picture(winner: Array, window: Window, shape: Shape) -> Array:
    """ky*KW + kx, a place in the window -> iy*W + ix, the place in the picture; -1 of a window without a pixel."""
    H, W = shape[2:]
    (SH, SW), (DH, DW), ((top, _), (left, _)) = window.stride, window.dilation, window.padding
    oy, ox = array_module(winner).ogrid[: winner.shape[2], : winner.shape[3]]
    ky, kx = divmod(winner.astype(np.int64), window.size[1])
    iy, ix = oy * SH + ky * DH - top, ox * SW + kx * DW - left
    return array_module(winner).where((iy >= 0) & (iy < H) & (ix >= 0) & (ix < W), iy * W + ix, -1)


def avg_pool2d(
    input: Operand,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """y[n,c,oy,ox] = mean over ky, kx of x[n,c, oy*s + ky - p, ox*s + kx - p],   dy is shared equally

    input x (N, C, H, W)  ->  y (N, C, OH, OW),   OH = floor((H + 2p - KH)/s) + 1

    stride     kernel_size if None
    padding    a border of zeros, at most half as wide as the window
    ceil_mode  round OH up instead, as in max_pool2d; what a window has outside the border never counts
    count_include_pad  the mean is over pixels and border; otherwise over the pixels inside the picture
    divisor_override   divide the sum by this number instead
    Raises ShapeError, ArgumentError.   LeCun et al. 1998, "Gradient-Based Learning ...", section II.A
    """
    x = pictures("avg_pool2d", floating(input))
    window = window_of("avg_pool2d", kernel_size, stride, padding)
    border = window.padding if count_include_pad else NO_BORDER
    window = fitted("avg_pool2d", window, x.shape[2:], ceil_mode)
    if divisor_override is None:
        return _average(x, window, _how_many(window, border, x.shape[2:]))
    return _average(x, window, whole("avg_pool2d", "divisor_override", divisor_override, least=1))


def _average(x: Tensor, window: Window, divisor: int | Array) -> Tensor:
    """y = (sum of x over the window) / divisor, which is a number or one for each place (OH, OW)"""
    X = x.shape
    return record(
        "avg_pool2d",
        kernels.avg_pool2d(x.data, window, divisor),
        (x, lambda dy: avg_pool2d_input(dy, window, divisor, X)),
        window=window,
        divisor=divisor,
    )


def avg_pool2d_input(dy: Tensor, window: Window, divisor: int | Array, shape: Shape) -> Tensor:
    """dx of the average, its adjoint: every pixel of a window gets the same share of dy."""
    return record(
        "avg_pool2d_input",
        kernels.avg_pool2d_input(dy.data, window, divisor, shape),
        (dy, lambda ddx: _average(ddx, window, divisor)),
        window=window,
        divisor=divisor,
    )


def _how_many(window: Window, border: tuple[Pair, Pair], size: Shape) -> int | Array:
    """How many pixels, of the picture and its border, each window is over: a number, or one for each place."""
    if border == window.padding:
        return window.size[0] * window.size[1]

    def along(axis: int) -> Array:
        (before, after), K = border[axis], window.size[axis]
        start = np.arange(window.out(*size)[axis]) * window.stride[axis] - window.padding[axis][0]
        return np.minimum(start + K, size[axis] + after) - np.maximum(start, -before)

    return np.outer(along(0), along(1))
