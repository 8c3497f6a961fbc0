"""Pooling layers for sequences."""

from __future__ import annotations

from typing import Any

from tinyconv.geometry import whole
from tinyconv.ops.pool1d import (
    adaptive_avg_pool1d,
    adaptive_max_pool1d,
    avg_pool1d,
    max_pool1d,
)
from tinyconv.ops.pool_arguments import window_of_line
from tinyconv.tensor import Tensor

from .module import Module


class MaxPool1d(Module):
    """y[n,c,o] = max over k of x[n,c, o*s + k*d - p];   x (N, C, L)  ->  y (N, C, OL); all else as in MaxPool2d.

    Ranzato et al. 2007
    """

    def __init__(
        self,
        kernel_size: int,
        stride: int | None = None,
        padding: int = 0,
        dilation: int = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ):
        self.kernel_size, self.padding, self.dilation = kernel_size, padding, dilation
        self.stride = kernel_size if stride is None else stride
        self.return_indices, self.ceil_mode = return_indices, ceil_mode
        window_of_line("MaxPool1d", kernel_size, self.stride, padding, dilation)  # refuses what makes no sense

    def forward(self, x: Tensor) -> Any:
        window = self.kernel_size, self.stride, self.padding, self.dilation
        return max_pool1d(x, *window, self.ceil_mode, self.return_indices)

    def extra_repr(self) -> str:
        text = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        text += "" if self.dilation == 1 else f", dilation={self.dilation}"
        text += ", return_indices=True" if self.return_indices else ""
        return text + (", ceil_mode=True" if self.ceil_mode else "")


class AvgPool1d(Module):
    """y[n,c,o] = mean over k of x[n,c, o*s + k - p];   x (N, C, L)  ->  y (N, C, OL); all else as in AvgPool2d.

    LeCun et al. 1998, "Gradient-Based Learning ...", section II.A
    """

    def __init__(
        self,
        kernel_size: int,
        stride: int | None = None,
        padding: int = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ):
        self.kernel_size, self.padding, self.ceil_mode = kernel_size, padding, ceil_mode
        self.stride = kernel_size if stride is None else stride
        self.count_include_pad = count_include_pad
        window_of_line("AvgPool1d", kernel_size, self.stride, padding)  # refuses what makes no sense

    def forward(self, x: Tensor) -> Tensor:
        mean = self.ceil_mode, self.count_include_pad
        return avg_pool1d(x, self.kernel_size, self.stride, self.padding, *mean)

    def extra_repr(self) -> str:
        text = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        text += ", ceil_mode=True" if self.ceil_mode else ""
        return text + ("" if self.count_include_pad else ", count_include_pad=False")


class AdaptiveMaxPool1d(Module):
    """y[n,c,o] = max of x[n,c] over bin o of output_size;   x (N, C, L)  ->  y (N, C, output_size), for any L

    Bin o reaches from floor(o*L/OL) to before ceil((o + 1)*L/OL).   return_indices: give (y, indices).
    He et al. 2014, arXiv:1406.4729, section 2.3
    """

    def __init__(self, output_size: int, return_indices: bool = False):
        self.output_size = whole("AdaptiveMaxPool1d", "output_size", output_size, least=1)
        self.return_indices = return_indices

    def forward(self, x: Tensor) -> Any:
        return adaptive_max_pool1d(x, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}" + (", return_indices=True" if self.return_indices else "")


class AdaptiveAvgPool1d(Module):
    """y[n,c,o] = mean of x[n,c] over bin o of output_size;   x (N, C, L)  ->  y (N, C, output_size), for any L

    Bin o reaches from floor(o*L/OL) to before ceil((o + 1)*L/OL).   He et al. 2014, arXiv:1406.4729, section 2.3
    """

    def __init__(self, output_size: int):
        self.output_size = whole("AdaptiveAvgPool1d", "output_size", output_size, least=1)

    def forward(self, x: Tensor) -> Tensor:
        return adaptive_avg_pool1d(x, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"
