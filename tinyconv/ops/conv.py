"""Convolution, and its two gradients: each is an operation whose gradients are the other two."""

from __future__ import annotations

import tinyconv.kernels as kernels
from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.geometry import PaddingLike, Pair, Window
from tinyconv.kernels.conv_choice import ALGORITHMS, Layer, can
from tinyconv.tensor import Operand, Tensor, as_tensor, record

from .arguments import check_channels, check_filtering, one_row
from .shape import expand, reshape, squeeze, unsqueeze


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


def conv1d(
    input: Operand,
    weight: Operand,
    bias: Operand | None = None,
    stride: int | tuple[int] = 1,
    padding: int | str | tuple[int] = 0,
    dilation: int | tuple[int] = 1,
    groups: int = 1,
) -> Tensor:
    """y[n,f,o] = b[f] + sum_{c,k} w[f,c,k] x[n,c, o*s + k*d - p], computed by conv2d on pictures of one row

    input x (N, C, L)   weight w (F, C/groups, K)   bias b (F,)   ->   y (N, F, floor((L + 2p - d(K - 1) - 1)/s) + 1)

    padding  zeros at both ends: a number, "same" (stride 1) or "valid"
    Raises ShapeError, ArgumentError, DTypeError.   Waibel et al. 1989, "Phoneme Recognition Using Time-Delay
    Neural Networks"
    """
    name = "conv1d"
    x, w = as_tensor(input), as_tensor(weight)
    b = None if bias is None else as_tensor(bias)
    check_filtering(name, x, w, b, 3, "(F, C/groups, K)")
    window = one_row(name, w.shape[2], stride, padding, dilation, groups)
    check_channels(name, x, w, b, window.groups)
    window.check_fits(name, 1, x.shape[2])
    return squeeze(_conv2d(unsqueeze(x, 2), unsqueeze(w, 2), b, window, None), 2)


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
    check_filtering(name, x, w, b, 4, "(F, C/groups, KH, KW)")
    C, (F, _, KH, KW) = x.shape[1], w.shape
    window = Window.of(name, (KH, KW), stride, padding, dilation, groups)
    check_channels(name, x, w, b, window.groups)
    OH, OW = window.check_fits(name, *x.shape[2:])
    if algorithm is not None:
        if algorithm not in ALGORITHMS:
            raise UnknownNameError(name, "algorithm", algorithm, ALGORITHMS)
        if not can(algorithm, Layer(window, len(x), C, F, OH, OW, x.dtype.itemsize)):
            problem = f"algorithm={algorithm!r} does not compute {window} with {window.groups} group(s) in {x.dtype}"
            raise ArgumentError(name, f"{problem}. Leave it out: the fastest that does is chosen.")
    return window
