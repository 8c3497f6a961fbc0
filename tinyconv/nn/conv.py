"""Convolution layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyconv.errors import ArgumentError
from tinyconv.geometry import PaddingLike, Pair, Window, is_whole, whole
from tinyconv.ops.conv import checked, conv2d
from tinyconv.ops.fused import conv2d_relu
from tinyconv.ops.pool import window_of
from tinyconv.tensor import Tensor

from . import init
from .dropout import Dropout
from .module import Module, Parameter
from .pool import MaxPool2d


class Conv2d(Module):
    """y[n,f] = b[f] + sum over c of w[f,c] * x[n,c]     (correlation; see functional.conv2d for every index)

    x (N, in_channels, H, W)  ->  y (N, out_channels, OH, OW)
    weight (out_channels, in_channels/groups, KH, KW), bias (out_channels,), both drawn from
    U(-1/sqrt(fan_in), 1/sqrt(fan_in)), as in PyTorch.
    padding: a number, a pair (rows, columns), "same" (stride 1 only), "valid".
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
        window = Window.of("Conv2d", kernel_size, stride, padding, dilation, groups)
        self.in_channels = whole("Conv2d", "in_channels", in_channels, least=1)
        self.out_channels = whole("Conv2d", "out_channels", out_channels, least=1)
        for name in ("in_channels", "out_channels"):
            if getattr(self, name) % window.groups:
                problem = f"{name} is {getattr(self, name)}; it must be a multiple of groups={groups}."
                raise ArgumentError("Conv2d", problem)
        self.kernel_size, self.stride, self.dilation = window.size, window.stride, window.dilation
        self.padding = (padding, padding) if is_whole(padding) else padding
        self.groups = window.groups
        shape = (*self.kernel_size, self.in_channels // self.groups, self.out_channels)
        self.weight = Parameter(np.empty(shape, np.float32).transpose(3, 2, 0, 1))  # filters last, as kernels read them
        self.bias = Parameter(np.empty(self.out_channels, np.float32)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        init.uniform_by_fan_in_(self.weight, self.bias)

    def forward(self, x: Tensor, *then: Any) -> Tensor:
        """then: the ReLU, MaxPool2d and Dropout that follow, if they are to be done at once (see fusion.py)"""
        if then:
            return self._with(x, *then)
        return conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def _with(self, x: Tensor, relu: Any, *then: Any) -> Tensor:
        pool: Any = next((layer for layer in then if isinstance(layer, MaxPool2d)), None)
        drop: Any = next((layer for layer in then if isinstance(layer, Dropout)), None)
        window = checked(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
        pooling = None
        if pool is not None:
            pooling = window_of("max_pool2d", pool.kernel_size, pool.stride, pool.padding, pool.dilation)
            pooling.check_fits("max_pool2d", *window.out(*x.shape[2:]))
        p = drop.p if drop is not None and drop.training else 0.0
        return conv2d_relu(x, self.weight, self.bias, window, pooling, p)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        text += "" if self.padding in (0, (0, 0)) else f", padding={self.padding!r}"
        text += "" if self.dilation in (1, (1, 1)) else f", dilation={self.dilation}"
        text += "" if self.groups == 1 else f", groups={self.groups}"
        return text + ("" if self.bias is not None else ", bias=False")
