"""Convolution layers."""

from __future__ import annotations

import math

import numpy as np

from tinyconv.errors import ArgumentError
from tinyconv.geometry import PaddingLike, Pair, Window
from tinyconv.ops.conv import conv2d
from tinyconv.tensor import Tensor

from . import init
from .module import Module, Parameter


class Conv2d(Module):
    """y[n,f] = b[f] + sum over c of w[f,c] * x[n,c]     (correlation; see functional.conv2d for every index)

    x (N, in_channels, H, W)  ->  y (N, out_channels, OH, OW)
    weight (out_channels, in_channels/groups, KH, KW), bias (out_channels,), both drawn from
    U(-1/sqrt(fan_in), 1/sqrt(fan_in)), as in PyTorch.
    padding: a number, a pair, "same" (stride 1 only), "valid".
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
    ):
        self.window = Window.of("Conv2d", kernel_size, stride, padding, dilation, groups)
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels < 1 or channels % groups:
                raise ArgumentError("Conv2d", f"{name} is {channels}; it must be positive and divide by groups={groups}.")
        self.in_channels, self.out_channels = in_channels, out_channels
        self.weight = Parameter(np.empty((out_channels, in_channels // groups, *self.window.size), np.float32))
        self.bias = Parameter(np.empty(out_channels, np.float32)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # the same as U(-1/sqrt(fan_in), 1/sqrt(fan_in))
        if self.bias is not None:
            bound = 1 / math.sqrt(init.fans(self.weight)[0])
            init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        g = self.window
        return conv2d(x, self.weight, self.bias, g.stride, g.padding, g.dilation, g.groups)

    def extra_repr(self) -> str:
        g = self.window
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={g.size}, stride={g.stride}"
        text += "" if g.padding == ((0, 0), (0, 0)) else f", padding={g.short_padding}"
        text += "" if g.dilation == (1, 1) else f", dilation={g.dilation}"
        text += "" if g.groups == 1 else f", groups={g.groups}"
        return text + ("" if self.bias is not None else ", bias=False")
