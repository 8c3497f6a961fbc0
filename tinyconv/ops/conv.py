"""Convolution, and its two gradients: each is an operation whose gradients are the other two."""

from __future__ import annotations

import tinyconv.kernels as kernels
from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError
from tinyconv.geometry import PaddingLike, Pair, Window
from tinyconv.kernels.conv_choice import ALGORITHMS, Layer, can
from tinyconv.tensor import Operand, Tensor, as_tensor, record, same_device, same_dtype

from .shape import expand, reshape


def conv2d(
    input: Operand,
    weight: Operand,
    bias: Operand | None = None,
    stride: int | Pair = 1,
    padding: PaddingLike = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
    *,
    algorithm: str | None = None,
) -> Tensor:
    """y[n,f,oy,ox] = b[f] + sum_{c,ky,kx} w[f,c,ky,kx] x[n,c, oy*s + ky*d - p, ox*s + kx*d - p]

    input x (N, C, H, W)   weight w (F, C/groups, KH, KW)   bias b (F,)   ->   y (N, F, OH, OW)
    OH = floor((H + 2p - d(KH - 1) - 1)/s) + 1. The kernel is not flipped: strictly, a correlation.

    padding  zeros around the picture: a number, a pair (rows, columns), "same" (stride 1) or "valid"
    groups   channels in that many groups that do not see each other; groups = C is depthwise
    algorithm  how the `numba` engine computes it and its gradients: "direct", "rows", "depthwise", or Winograd's
             "F2", "F3", "F4" (float32, 3x3, stride 1); None: the fastest (see also set_precision)
    Raises ShapeError, ArgumentError, DTypeError. LeCun et al. 1989, "Backpropagation Applied to Handwritten
    Zip Code Recognition"; the arithmetic: Dumoulin and Visin 2016, arXiv:1603.07285.
    """
    x, w = as_tensor(input), as_tensor(weight)
    b = None if bias is None else as_tensor(bias)
    window = checked(x, w, b, stride, padding, dilation, groups, algorithm)
    return _conv2d(x, w, b, window, algorithm)


def _conv2d(x: Tensor, w: Tensor, b: Tensor | None, window: Window, how: str | None) -> Tensor:
    X = x.shape
    return record(
        "conv2d",
        kernels.conv2d(x.data, w.data, None if b is None else b.data, window, False, how),
        (x, lambda dy: conv2d_input(dy, w, window, X, how)),
        (w, lambda dy: conv2d_weight(dy, x, window, how)),
        (b, channel_sums),
        window=window,
    )


def channel_sums(dy: Tensor) -> Tensor:
    """db of conv2d: the sum of dy over all pictures and places."""
    shape = dy.shape

    def spread(ddb: Tensor) -> Tensor:
        return expand(reshape(ddb, -1, 1, 1), *shape)

    return record("channel_sums", kernels.channel_sums(dy.data), (dy, spread))


def conv2d_input(dy: Tensor, w: Tensor, window: Window, shape: tuple[int, ...], how: str | None = None) -> Tensor:
    """dx of conv2d, a transposed convolution: every dy is spread back over the window that it came from."""
    return record(
        "conv2d_input",
        kernels.conv2d_input(dy.data, w.data, window, shape, how),
        (dy, lambda ddx: _conv2d(ddx, w, None, window, how)),
        (w, lambda ddx: conv2d_weight(dy, ddx, window, how)),
        window=window,
    )


def conv2d_weight(dy: Tensor, x: Tensor, window: Window, how: str | None = None) -> Tensor:
    """dw of conv2d, a convolution of x with dy: every dy times the window that it came from, summed."""
    X = x.shape
    return record(
        "conv2d_weight",
        kernels.conv2d_weight(dy.data, x.data, window, how),
        (dy, lambda ddw: _conv2d(x, ddw, None, window, how)),
        (x, lambda ddw: conv2d_input(dy, ddw, window, X, how)),
        window=window,
    )


def checked(
    x: Tensor,
    w: Tensor,
    b: Tensor | None,
    stride: int | Pair,
    padding: PaddingLike,
    dilation: int | Pair,
    groups: int,
    algorithm: str | None = None,
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
    OH, OW = window.check_fits(name, *x.shape[2:])
    if algorithm is not None:
        if algorithm not in ALGORITHMS:
            raise UnknownNameError(name, "algorithm", algorithm, ALGORITHMS)
        if not can(algorithm, Layer(window, len(x), C, F, OH, OW, x.dtype.itemsize)):
            problem = f"algorithm={algorithm!r} does not compute {window} with {G} group(s) in {x.dtype}"
            raise ArgumentError(name, f"{problem}. Leave it out: the fastest that does is chosen.")
    return window
