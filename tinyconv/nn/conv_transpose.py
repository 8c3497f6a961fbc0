"""Transposed convolution layers."""

from __future__ import annotations

from collections.abc import Sequence

from tinyconv.errors import ShapeError
from tinyconv.geometry import Pair, Window, pair
from tinyconv.ops.arguments import numbers_only, one_row, single
from tinyconv.ops.conv_transpose import conv_transpose1d, conv_transpose2d
from tinyconv.tensor import Tensor

from .conv import Convolution


class ConvTranspose2d(Convolution):
    """y: each pixel of x lays the kernel, times itself, onto a larger picture   (see functional.conv_transpose2d)

    x (N, in_channels, H, W)  ->  y (N, out_channels, (H - 1)s - 2p + d(KH - 1) + 1 + output_padding, ...)
    weight (in_channels, out_channels/groups, KH, KW), bias (out_channels,), both drawn from U(-a, a) with
    a = 1/sqrt(out_channels/groups KH KW), as in PyTorch.
    layer(x, output_size=(H, W)) takes the output_padding that leads to this size; ShapeError if none does.
    Dumoulin and Visin 2016, arXiv:1603.07285, chapter 4
    """

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | tuple = 0,
        output_padding: int | Pair = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | Pair = 1,
    ):
        name = "ConvTranspose2d"
        window = Window.of(name, kernel_size, stride, numbers_only(name, padding), dilation, groups)
        self.output_padding = pair(name, "output_padding", output_padding, least=0)
        super().__init__(name, (in_channels, out_channels), window, padding, bias)

    def forward(self, x: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        extra = self.output_padding
        if output_size is not None:
            window = Window.of("ConvTranspose2d", self.kernel_size, self.stride, self.padding, self.dilation)
            extra = _leading_to("ConvTranspose2d", window, x.shape[-2:], output_size[-2:])
        return conv_transpose2d(x, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)

    def extra_repr(self) -> str:
        return super().extra_repr() + _shown(self.output_padding)


class ConvTranspose1d(Convolution):
    """y[n,c,o] = sum of w[f,c,k] x[n,f,i] over all f, i, k with o = i*s + k*d - p    (see functional.conv_transpose1d)

    x (N, in_channels, L)  ->  y (N, out_channels, (L - 1)s - 2p + d(K - 1) + 1 + output_padding);
    weight (in_channels, out_channels/groups, K). All else is as in ConvTranspose2d.   Dumoulin and Visin 2016
    """

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int],
        stride: int | tuple[int] = 1,
        padding: int | tuple[int] = 0,
        output_padding: int | tuple[int] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | tuple[int] = 1,
    ):
        name = "ConvTranspose1d"
        window = one_row(name, kernel_size, stride, numbers_only(name, padding), dilation, groups)
        self.output_padding = (single(name, "output_padding", output_padding, least=0),)
        super().__init__(name, (in_channels, out_channels), window, padding, bias, ndim=1)

    def forward(self, x: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        (extra,) = self.output_padding
        if output_size is not None:
            window = one_row("ConvTranspose1d", self.kernel_size, self.stride, self.padding, self.dilation, 1)
            extra = _leading_to("ConvTranspose1d", window, (1, x.shape[-1]), (1, *output_size[-1:]))[1]
        return conv_transpose1d(x, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)

    def extra_repr(self) -> str:
        return super().extra_repr() + _shown(self.output_padding)


def _leading_to(name: str, window: Window, size: Sequence[int], wanted: Sequence[int]) -> Pair:
    """The output_padding with which the output has the size that is wanted."""
    H, W = size
    smallest = window.transposed_out(H, W)
    extra = [n - m for n, m in zip(wanted, smallest, strict=False)]
    if len(extra) != 2 or any(not 0 <= more < s for more, s in zip(extra, window.stride, strict=True)):
        largest = tuple(n + s - 1 for n, s in zip(smallest, window.stride, strict=True))
        raise ShapeError(
            name, f"output_size {tuple(wanted)} is not between {smallest} and {largest} for a {H}x{W} input."
        )
    return extra[0], extra[1]


def _shown(output_padding: tuple[int, ...]) -> str:
    return f", output_padding={output_padding}" if any(output_padding) else ""
