"""Pooling: the largest or the mean of every window."""

from __future__ import annotations

import tinyconv.kernels as kernels
from tinyconv.backend import Array
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.geometry import Pair, Window
from tinyconv.tensor import Operand, Tensor, array_of, record

from .arguments import floating, real

Shape = tuple[int, ...]


def max_pool2d(
    input: Operand,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
    dilation: int | Pair = 1,
) -> Tensor:
    """y[n,c,oy,ox] = max over ky, kx of x[n,c, oy*s + ky*d - p, ox*s + kx*d - p],   dy goes to the winner

    input x (N, C, H, W)  ->  y (N, C, OH, OW),   OH = floor((H + 2p - d(KH - 1) - 1)/s) + 1

    stride   kernel_size if None
    padding  a border of -inf, at most half as wide as the window
    Of equal pixels the first one, in row-major order, wins (as in PyTorch); NaN wins over every number.
    Raises ShapeError, ArgumentError, DTypeError.   Ranzato et al. 2007
    """
    x = floating(real("max_pool2d", input))
    window = _checked("max_pool2d", x, kernel_size, stride, padding, dilation)
    X = x.shape
    y, winner = kernels.max_pool2d(x.data, window)
    return record("max_pool2d", y, (x, lambda dy: max_pool2d_input(dy, winner, window, X)), window=window)


def max_pool2d_input(dy: Tensor, winner: Array, window: Window, shape: Shape) -> Tensor:
    """dx of max_pool2d: every dy goes to the pixel that won."""
    winner = array_of(winner)
    dx = kernels.max_pool2d_input(dy.data, winner, window, shape)
    return record("max_pool2d_input", dx, (dy, lambda ddx: _max_pool2d_gather(ddx, winner, window)), window=window)


def _max_pool2d_gather(x: Tensor, winner: Array, window: Window) -> Tensor:
    """The pixels where an earlier max_pool2d found its winners; linear, and the adjoint of the above."""
    X = x.shape
    y = kernels.max_pool2d_gather(x.data, winner, window)
    return record("max_pool2d_gather", y, (x, lambda dy: max_pool2d_input(dy, winner, window, X)), window=window)


def avg_pool2d(
    input: Operand,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
    *,
    count_include_pad: bool = True,
) -> Tensor:
    """y[n,c,oy,ox] = mean over ky, kx of x[n,c, oy*s + ky - p, ox*s + kx - p],   dy is shared equally

    input x (N, C, H, W)  ->  y (N, C, OH, OW),   OH = floor((H + 2p - KH)/s) + 1

    stride   kernel_size if None
    padding  a border of zeros, at most half as wide as the window
    count_include_pad  divide by KH*KW; otherwise only by the number of pixels inside the picture
    Raises ShapeError, ArgumentError.   LeCun et al. 1998, "Gradient-Based Learning ...", section II.A
    """
    x = floating(input)
    window = _checked("avg_pool2d", x, kernel_size, stride, padding)
    return _avg_pool2d(x, window, bool(count_include_pad))


def _avg_pool2d(x: Tensor, window: Window, count_include_pad: bool) -> Tensor:
    X = x.shape
    return record(
        "avg_pool2d",
        kernels.avg_pool2d(x.data, window, count_include_pad),
        (x, lambda dy: _avg_pool2d_input(dy, window, count_include_pad, X)),
        window=window,
    )


def _avg_pool2d_input(dy: Tensor, window: Window, count_include_pad: bool, shape: Shape) -> Tensor:
    """dx of avg_pool2d, its adjoint: every pixel of a window gets the same share of dy."""
    return record(
        "avg_pool2d_input",
        kernels.avg_pool2d_input(dy.data, window, count_include_pad, shape),
        (dy, lambda ddx: _avg_pool2d(ddx, window, count_include_pad)),
        window=window,
    )


def _checked(
    name: str,
    x: Tensor,
    size: int | Pair,
    stride: int | Pair | None,
    padding: int | Pair,
    dilation: int | Pair = 1,
) -> Window:
    """The window, if it fits the picture."""
    if x.ndim != 4:
        raise ShapeError(name, f"input has shape {x.shape}; it must be (N, C, H, W). One picture: x[None].")
    window = window_of(name, size, stride, padding, dilation)
    window.check_fits(name, *x.shape[2:])
    return window


def window_of(
    name: str, size: int | Pair, stride: int | Pair | None, padding: int | Pair, dilation: int | Pair = 1
) -> Window:
    """The window, if its border is not too wide."""
    window = Window.of(name, size, size if stride is None else stride, padding, dilation)
    if any(max(ends) > extent // 2 for ends, extent in zip(window.padding, window.extent, strict=True)):
        raise ArgumentError(
            name,
            f"padding {padding} is more than half of {window.extent}, the rows and columns of a window.",
        )
    return window
