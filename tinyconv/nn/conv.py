"""Convolution layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.geometry import PaddingLike, Pair, Window, is_whole, whole
from tinyconv.ops.arguments import one_row
from tinyconv.ops.conv import checked, conv1d, conv2d
from tinyconv.ops.fused import conv2d_relu
from tinyconv.ops.pad import PADDING_MODES, pad
from tinyconv.ops.pool_arguments import fitted, window_of
from tinyconv.tensor import Tensor

from . import init
from .dropout import Dropout
from .module import Module, Parameter
from .pool import MaxPool2d


class Convolution(Module):
    """What all convolution layers have in common: channels, groups, a window, weights, and how they are shown."""

    transposed = False
    kernel_size: Any  # this and the others: a tuple of one number for each axis
    stride: Any
    padding: Any  # or "same", "valid"
    dilation: Any

    def __init__(
        self,
        name: str,
        channels: tuple[int, int],
        window: Window,
        padding: Any,
        bias: bool,
        padding_mode: str = "zeros",
        ndim: int = 2,
    ):
        self.in_channels = whole(name, "in_channels", channels[0], least=1)
        self.out_channels = whole(name, "out_channels", channels[1], least=1)
        for which in ("in_channels", "out_channels"):
            if getattr(self, which) % window.groups:
                problem = f"{which} is {getattr(self, which)}; it must be a multiple of groups={window.groups}."
                raise ArgumentError(name, problem)
        if padding_mode not in PADDING_MODES:
            raise UnknownNameError(name, "padding_mode", padding_mode, PADDING_MODES)
        self.kernel_size, self.stride = window.size[-ndim:], window.stride[-ndim:]
        self.padding = (padding,) * ndim if is_whole(padding) else padding
        self.dilation, self.groups, self.padding_mode = window.dilation[-ndim:], window.groups, padding_mode
        F, C = (self.in_channels, self.out_channels) if self.transposed else (self.out_channels, self.in_channels)
        axes = ndim + 1, ndim, *range(ndim)  # filters last in memory, as kernels read them
        weight = np.empty((*self.kernel_size, C // self.groups, F), np.float32).transpose(axes)
        self.weight = Parameter(weight)
        self.bias = Parameter(np.empty(self.out_channels, np.float32)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        init.uniform_by_fan_in_(self.weight, self.bias)

    def extra_repr(self) -> str:
        ones = (1,) * len(self.kernel_size)
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        text += "" if self.padding in (0, (0,), (0, 0)) else f", padding={self.padding!r}"
        text += "" if self.dilation in (1, ones) else f", dilation={self.dilation}"
        text += "" if self.groups == 1 else f", groups={self.groups}"
        text += "" if self.bias is not None else ", bias=False"
        return text + ("" if self.padding_mode == "zeros" else f", padding_mode={self.padding_mode!r}")


class Conv2d(Convolution):
    """y[n,f] = b[f] + sum over c of w[f,c] * x[n,c]     (correlation; see functional.conv2d for every index)

    x (N, in_channels, H, W)  ->  y (N, out_channels, OH, OW)
    weight (out_channels, in_channels/groups, KH, KW), bias (out_channels,), both drawn from
    U(-1/sqrt(fan_in), 1/sqrt(fan_in)), as in PyTorch.
    padding: a number, a pair (rows, columns), "same" (stride 1 only), "valid".
    padding_mode: the border is of "zeros", or made of the picture: "reflect", "replicate", "circular" (see pad).
    LeCun et al. 1989, "Backpropagation Applied to Handwritten Zip Code Recognition"
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: PaddingLike = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ):
        window = Window.of("Conv2d", kernel_size, stride, padding, dilation, groups)
        super().__init__("Conv2d", (in_channels, out_channels), window, padding, bias, padding_mode)

    def bordered(self, x: Tensor) -> tuple[Tensor, Any]:
        """x with the border that padding_mode makes of it, and the padding with zeros that is left to be done."""
        if self.padding_mode == "zeros":
            return x, self.padding
        window = Window.of("Conv2d", self.kernel_size, 1, self.padding, self.dilation)
        (top, bottom), (left, right) = window.padding
        return pad(x, (left, right, top, bottom), self.padding_mode), 0

    def forward(self, x: Tensor, *then: Any) -> Tensor:
        """then: the ReLU, MaxPool2d and Dropout that follow, if they are to be done at once (see fusion.py)"""
        if then:
            return self._with(x, *then)
        x, padding = self.bordered(x)
        return conv2d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _with(self, x: Tensor, relu: Any, *then: Any) -> Tensor:
        pool: Any = next((layer for layer in then if isinstance(layer, MaxPool2d)), None)
        drop: Any = next((layer for layer in then if isinstance(layer, Dropout)), None)
        x, padding = self.bordered(x)
        window = checked(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)
        pooling = None
        if pool is not None:
            pooling = window_of("max_pool2d", pool.kernel_size, pool.stride, pool.padding, pool.dilation)
            pooling = fitted("max_pool2d", pooling, window.out(*x.shape[2:]), pool.ceil_mode)
        p = drop.p if drop is not None and drop.training else 0.0
        return conv2d_relu(x, self.weight, self.bias, window, pooling, p)


class Conv1d(Convolution):
    """y[n,f] = b[f] + sum over c of w[f,c] * x[n,c]     (see functional.conv1d)

    x (N, in_channels, L)  ->  y (N, out_channels, OL);  weight (out_channels, in_channels/groups, K). All else is as
    in Conv2d.   Waibel et al. 1989, "Phoneme Recognition Using Time-Delay Neural Networks"
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int],
        stride: int | tuple[int] = 1,
        padding: int | str | tuple[int] = 0,
        dilation: int | tuple[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ):
        window = one_row("Conv1d", kernel_size, stride, padding, dilation, groups)
        super().__init__("Conv1d", (in_channels, out_channels), window, padding, bias, padding_mode, ndim=1)

    def forward(self, x: Tensor) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros":
            window = one_row("Conv1d", self.kernel_size, 1, padding, self.dilation, 1)
            x, padding = pad(x, window.padding[1], self.padding_mode), 0
        return conv1d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class DepthwiseSeparableConv2d(Module):
    """y = pointwise(depthwise(x)): a kernel for each channel by itself, then a 1x1 convolution across channels

    x (N, in_channels, H, W)  ->  y (N, out_channels, OH, OW).  About KH*KW times fewer products than a Conv2d with many
    filters: C KH KW + C F instead of C KH KW F a pixel. Nothing stands between the two (Chollet 2017, arXiv:1610.02357,
    section 2), so only the second has a bias. MobileNet (Howard et al. 2017, arXiv:1704.04861, section 3.1), which has
    batch norm and ReLU after both, is a Sequential of two Conv2d, the first with groups=in_channels.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: PaddingLike = 0,
        dilation: int | Pair = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ):
        C = whole("DepthwiseSeparableConv2d", "in_channels", in_channels, least=1)
        self.depthwise = Conv2d(C, C, kernel_size, stride, padding, dilation, C, False, padding_mode)
        self.pointwise = Conv2d(C, out_channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(x))
