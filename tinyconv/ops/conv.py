"""Convolution, and its two gradients: each is an operation whose gradients are the other two."""

from __future__ import annotations

import tinyconv.kernels as kernels
from tinyconv.errors import ShapeError
from tinyconv.geometry import PaddingLike, Pair, Window
from tinyconv.tensor import Operand, Tensor, as_tensor, record, same_device, same_dtype

from .reduce import sum


def conv2d(
    input: Operand,
    weight: Operand,
    bias: Operand | None = None,
    stride: int | Pair = 1,
    padding: PaddingLike = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Tensor:
    """y[n,f,oy,ox] = b[f] + sum_{c,ky,kx} w[f,c,ky,kx] x[n,c, oy*s + ky*d - p, ox*s + kx*d - p]

    input x (N, C, H, W)   weight w (F, C/groups, KH, KW)   bias b (F,)   ->   y (N, F, OH, OW)
    OH = floor((H + 2p - d(KH - 1) - 1)/s) + 1. The kernel is not flipped: strictly, a correlation.

    padding  zeros around the picture: a number, a pair (rows, columns), "same" (stride 1) or "valid"
    groups   channels in that many groups that do not see each other; groups = C is depthwise
    Raises ShapeError, ArgumentError, DTypeError. LeCun et al. 1989, "Backpropagation Applied to Handwritten
    Zip Code Recognition"; the arithmetic: Dumoulin and Visin 2016, arXiv:1603.07285.
    """
    x, w = as_tensor(input), as_tensor(weight)
    b = None if bias is None else as_tensor(bias)
    window = _checked(x, w, b, stride, padding, dilation, groups)
    return _conv2d(x, w, b, window)


def _conv2d(x: Tensor, w: Tensor, b: Tensor | None, window: Window) -> Tensor:
    X = x.shape
    return record(
        "conv2d",
        kernels.conv2d(x.data, w.data, None if b is None else b.data, window),
        (x, lambda dy: conv2d_input(dy, w, window, X)),
        (w, lambda dy: conv2d_weight(dy, x, window)),
        (b, lambda dy: sum(dy, (0, 2, 3))),
        window=window,
    )


def conv2d_input(dy: Tensor, w: Tensor, window: Window, shape: tuple[int, ...]) -> Tensor:
    """dx of conv2d, a transposed convolution: every dy is spread back over the window that it came from."""
    return record(
        "conv2d_input",
        kernels.conv2d_input(dy.data, w.data, window, shape),
        (dy, lambda ddx: _conv2d(ddx, w, None, window)),
        (w, lambda ddx: conv2d_weight(dy, ddx, window)),
        window=window,
    )


def conv2d_weight(dy: Tensor, x: Tensor, window: Window) -> Tensor:
    """dw of conv2d, a convolution of x with dy: every dy times the window that it came from, summed."""
    X = x.shape
    return record(
        "conv2d_weight",
        kernels.conv2d_weight(dy.data, x.data, window),
        (dy, lambda ddw: _conv2d(x, ddw, None, window)),
        (x, lambda ddw: conv2d_input(dy, ddw, window, X)),
        window=window,
    )


def _checked(
    x: Tensor,
    w: Tensor,
    b: Tensor | None,
    stride: int | Pair,
    padding: PaddingLike,
    dilation: int | Pair,
    groups: int,
) -> Window:
    """The window, if everything fits together."""
    name = "conv2d"
    if x.ndim != 4:
        raise ShapeError(name, f"input has shape {x.shape}; it must be (N, C, H, W). One picture: x[None].")
    if w.ndim != 4:
        raise ShapeError(name, f"weight has shape {w.shape}; it must be (F, C/groups, KH, KW).")
    if 0 in w.shape:
        raise ShapeError(
            name, f"weight has shape {w.shape}; it needs a filter and a channel, and no axis may be empty."
        )
    tensors = [x, w] if b is None else [x, w, b]
    same_device(name, *tensors)
    same_dtype(name, *tensors)
    C, (F, CG, KH, KW) = x.shape[1], w.shape
    window = Window.of(name, (KH, KW), stride, padding, dilation, groups)
    G = window.groups
    if F % G:
        raise ShapeError(name, f"{F} filters do not divide into {G} groups.")
    if C != CG * G:
        cure = f"Set in_channels={C}" + (f", or groups={C} for a depthwise convolution." if CG == 1 else ".")
        raise ShapeError(name, f"input has {C} channels, weight {w.shape} expects {CG * G}. {cure}")
    if b is not None and b.shape != (F,):
        raise ShapeError(name, f"bias has shape {b.shape}; {F} filters need ({F},).")
    window.check_fits(name, *x.shape[2:])
    return window
