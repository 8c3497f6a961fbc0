"""Transposed convolution: what carries a convolution's dy back to dx, as an operation that makes pictures larger."""

from __future__ import annotations

import tinyconv.kernels as kernels
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.geometry import Pair, Window, pair
from tinyconv.tensor import Operand, Tensor, as_tensor, record

from .arguments import check_filtering, numbers_only, one_row, single
from .conv import channel_sums, conv2d, conv2d_weight
from .pad import pad
from .shape import squeeze, unsqueeze


def conv_transpose2d(
    input: Operand,
    weight: Operand,
    bias: Operand | None = None,
    stride: int | Pair = 1,
    padding: int | tuple = 0,
    output_padding: int | Pair = 0,
    groups: int = 1,
    dilation: int | Pair = 1,
) -> Tensor:
    """y[n,c,oy,ox] = b[c] + sum of w[f,c,ky,kx] x[n,f,iy,ix] over all f and all
                      iy, ky with oy = iy*s + ky*d - p  and  ix, kx with ox = ix*s + kx*d - p

    input x (N, F, H, W)   weight w (F, C/groups, KH, KW)   bias b (C,)   ->   y (N, C, OH, OW)
    OH = (H - 1)s - 2p + d(KH - 1) + 1 + output_padding

    Each pixel of x lays the kernel, times itself, onto y. As a matrix it is that of conv2d with the same arguments,
    transposed: the step from dy to dx. It is not the inverse.
    padding         rows and columns cut off all around y: a number or a pair
    output_padding  rows and columns more at the end: with stride s, conv2d makes the same OH of s different sizes
    Raises ShapeError, ArgumentError, DTypeError.   Dumoulin and Visin 2016, arXiv:1603.07285, chapter 4
    """
    name = "conv_transpose2d"
    x, w = as_tensor(input), as_tensor(weight)
    b = None if bias is None else as_tensor(bias)
    check_filtering(name, x, w, b, 4, "(in_channels, out_channels/groups, KH, KW)")
    KH, KW = w.shape[2:]
    window = Window.of(name, (KH, KW), stride, numbers_only(name, padding), dilation, groups)
    return _transposed(name, x, w, b, window, pair(name, "output_padding", output_padding, least=0))


def conv_transpose1d(
    input: Operand,
    weight: Operand,
    bias: Operand | None = None,
    stride: int | tuple[int] = 1,
    padding: int | tuple[int] = 0,
    output_padding: int | tuple[int] = 0,
    groups: int = 1,
    dilation: int | tuple[int] = 1,
) -> Tensor:
    """y[n,c,o] = b[c] + sum of w[f,c,k] x[n,f,i] over all f, i, k with o = i*s + k*d - p: conv_transpose2d of one row

    input x (N, F, L)   weight w (F, C/groups, K)   bias b (C,)
    ->   y (N, C, (L - 1)s - 2p + d(K - 1) + 1 + output_padding)
    """
    name = "conv_transpose1d"
    x, w = as_tensor(input), as_tensor(weight)
    b = None if bias is None else as_tensor(bias)
    check_filtering(name, x, w, b, 3, "(in_channels, out_channels/groups, K)")
    window = one_row(name, w.shape[2], stride, numbers_only(name, padding), dilation, groups)
    extra = 0, single(name, "output_padding", output_padding, least=0)
    return squeeze(_transposed(name, unsqueeze(x, 2), unsqueeze(w, 2), b, window, extra), 2)


def _transposed(name: str, x: Tensor, w: Tensor, b: Tensor | None, window: Window, extra: Pair) -> Tensor:
    Y = _checked(name, x, w, b, window, extra)
    (SH, SW), (more_rows, more_columns) = window.stride, extra
    if more_rows >= SH or more_columns >= SW:  # rows of zeros at the end of x lead to the same size
        x = pad(x, (0, more_columns // SW, 0, more_rows // SH))
    y = kernels.conv2d_input(x.data, w.data, window, Y)
    if b is not None:
        y += b.data[:, None, None]
    return record(
        "conv_transpose2d",
        y,
        (x, lambda dy: conv2d(dy, w, None, window.stride, window.padding, window.dilation, window.groups)),
        (w, lambda dy: conv2d_weight(x, dy, window)),
        (b, channel_sums),
        window=window,
        output_padding=extra,
    )


def _checked(name: str, x: Tensor, w: Tensor, b: Tensor | None, window: Window, extra: Pair) -> tuple[int, ...]:
    """The shape of y, if everything fits together."""
    (N, C, H, W), (F, CG), G = x.shape, w.shape[:2], window.groups
    if C != F:
        raise ShapeError(name, f"input has {C} channels, the weight expects {F}, its first axis. Set in_channels={C}.")
    if F % G:
        raise ShapeError(name, f"{F} input channels do not divide into {G} groups.")
    if b is not None and b.shape != (CG * G,):
        raise ShapeError(name, f"bias has shape {b.shape}; {CG * G} output channels need ({CG * G},).")
    if any(n >= max(s, d) for n, s, d in zip(extra, window.stride, window.dilation, strict=True)):
        problem = f"output_padding {extra} must be smaller than stride {window.stride} or dilation {window.dilation}"
        raise ArgumentError(name, f"{problem}: choose a larger stride, or pad() the output.")
    OH, OW = window.transposed_out(H, W, extra)
    if min(H, W, OH, OW) < 1:
        axis = 0 if min(H, OH) < 1 else 1
        raise ShapeError(
            name,
            f"{window} does not fit a {H}x{W} input: the output would be {OH}x{OW}. "
            f"{window.transposed_formula(axis, (H, W)[axis], extra[axis])}. Lower the padding, which cuts rows and "
            "columns off, or make the input larger.",
        )
    return N, CG * G, OH, OW
