"""Pooling layers."""

from __future__ import annotations

from tinyconv.geometry import Pair, Window
from tinyconv.ops.pool import avg_pool2d, max_pool2d
from tinyconv.tensor import Tensor

from .module import Module


class MaxPool2d(Module):
    """y = the largest of each window; stride = kernel_size unless given. Padding never wins."""

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        dilation: int | Pair = 1,
    ):
        self.kernel_size, self.padding, self.dilation = kernel_size, padding, dilation
        self.stride = kernel_size if stride is None else stride
        Window.of("MaxPool2d", kernel_size, self.stride, padding, dilation)  # refuses what makes no sense

    def forward(self, x: Tensor) -> Tensor:
        return max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation)

    def extra_repr(self) -> str:
        text = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        return text + ("" if self.dilation in (1, (1, 1)) else f", dilation={self.dilation}")


class AvgPool2d(Module):
    """y = the mean of each window; stride = kernel_size unless given.

    count_include_pad: divide by KH*KW everywhere (True), or by the pixels that lie in the picture.
    """

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        *,
        count_include_pad: bool = True,
    ):
        self.kernel_size, self.padding, self.count_include_pad = kernel_size, padding, count_include_pad
        self.stride = kernel_size if stride is None else stride
        Window.of("AvgPool2d", kernel_size, self.stride, padding)  # refuses what makes no sense

    def forward(self, x: Tensor) -> Tensor:
        count = self.count_include_pad
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding, count_include_pad=count)

    def extra_repr(self) -> str:
        text = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        return text + ("" if self.count_include_pad else ", count_include_pad=False")
