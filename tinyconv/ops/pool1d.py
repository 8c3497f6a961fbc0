"""Pooling of sequences: that of pictures with a single row."""

from __future__ import annotations

from typing import Any

from tinyconv.errors import ShapeError
from tinyconv.tensor import Operand, Tensor

from .adaptive_pool import adaptive_avg_pool2d, adaptive_max_pool2d
from .arguments import floating, real, single
from .pool import avg_pool2d, max_pool2d
from .pool_arguments import bins_of, fitted, window_of_line
from .shape import reshape


def max_pool1d(
    input: Operand,
    kernel_size: int,
    stride: int | None = None,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """y[n,c,o] = max over k of x[n,c, o*s + k*d - p],   dy goes to the winner

    input x (N, C, L)  ->  y (N, C, OL),   OL = floor((L + 2p - d(K - 1) - 1)/s) + 1

    return_indices  give the pair (y, indices), indices[n,c,o] the place of the winner in the sequence
    All else as in max_pool2d.   Raises ShapeError, ArgumentError, DTypeError.
    """
    x = _one_row("max_pool1d", real("max_pool1d", input))
    window = window_of_line("max_pool1d", kernel_size, stride, padding, dilation)
    fitted("max_pool1d", window, x.shape[2:], ceil_mode)
    p, d = window.padding[1][0], window.dilation
    return _no_rows(max_pool2d(x, window.size, window.stride, (0, p), d, ceil_mode, return_indices))


def avg_pool1d(
    input: Operand,
    kernel_size: int,
    stride: int | None = None,
    padding: int = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """y[n,c,o] = mean over k of x[n,c, o*s + k - p],   dy is shared equally

    input x (N, C, L)  ->  y (N, C, OL),   OL = floor((L + 2p - K)/s) + 1
    All else as in avg_pool2d.   Raises ShapeError, ArgumentError.
    """
    x = _one_row("avg_pool1d", floating(input))
    window = window_of_line("avg_pool1d", kernel_size, stride, padding)
    fitted("avg_pool1d", window, x.shape[2:], ceil_mode)
    p = window.padding[1][0]
    return _no_rows(avg_pool2d(x, window.size, window.stride, (0, p), ceil_mode, count_include_pad))


def adaptive_max_pool1d(input: Operand, output_size: int, return_indices: bool = False) -> Any:
    """y[n,c,o] = max of x[n,c] from floor(o*L/OL) to before ceil((o + 1)*L/OL),   dy goes to the winner

    input x (N, C, L)  ->  y (N, C, OL), OL = output_size
    return_indices  give the pair (y, indices), indices[n,c,o] the place of the winner in the sequence
    Raises ShapeError, ArgumentError, DTypeError.
    """
    x = _one_row("adaptive_max_pool1d", real("adaptive_max_pool1d", input))
    size = bins_of("adaptive_max_pool1d", x, (1, single("adaptive_max_pool1d", "output_size", output_size, least=1)))
    return _no_rows(adaptive_max_pool2d(x, size, return_indices))


def adaptive_avg_pool1d(input: Operand, output_size: int) -> Tensor:
    """y[n,c,o] = mean of x[n,c] from floor(o*L/OL) to before ceil((o + 1)*L/OL),   dy is shared equally

    input x (N, C, L)  ->  y (N, C, OL), OL = output_size
    Raises ShapeError, ArgumentError.
    """
    x = _one_row("adaptive_avg_pool1d", floating(input))
    size = bins_of("adaptive_avg_pool1d", x, (1, single("adaptive_avg_pool1d", "output_size", output_size, least=1)))
    return _no_rows(adaptive_avg_pool2d(x, size))


def _one_row(name: str, x: Tensor) -> Tensor:
    """(N, C, L) -> (N, C, 1, L)"""
    if x.ndim != 3:
        raise ShapeError(name, f"input has shape {x.shape}; it must be (N, C, L). One sequence: x[None].")
    if x.shape[2] == 0:
        raise ShapeError(name, f"input has shape {x.shape}; a sequence needs at least one number.")
    return reshape(x, *x.shape[:2], 1, x.shape[2])


def _no_rows(y: Any) -> Any:
    """(N, C, 1, OL) -> (N, C, OL); of a pair, both"""
    if isinstance(y, tuple):
        return tuple(map(_no_rows, y))
    return reshape(y, *y.shape[:2], y.shape[3])
