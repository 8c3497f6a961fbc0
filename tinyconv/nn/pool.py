"""Pooling layers."""

from __future__ import annotations

from tinyconv.geometry import Pair
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
        self.kernel_size, self.stride, self.padding, self.dilation = kernel_size, stride, padding, dilation

    def forward(self, x: Tensor) -> Tensor:
        return max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation)

    def extra_repr(self) -> str:
        stride = self.kernel_size if self.stride is None else self.stride
        text = f"kernel_size={self.kernel_size}, stride={stride}, padding={self.padding}"
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
        count_include_pad: bool = True,
    ):
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.count_include_pad = count_include_pad

    def forward(self, x: Tensor) -> Tensor:
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding, self.count_include_pad)

    def extra_repr(self) -> str:
        stride = self.kernel_size if self.stride is None else self.stride
        return f"kernel_size={self.kernel_size}, stride={stride}, padding={self.padding}"
