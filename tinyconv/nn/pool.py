"""Pooling layers."""

from __future__ import annotations

from typing import Any

from tinyconv.geometry import Pair, whole
from tinyconv.ops.fused import tanh_avg_pool2d
from tinyconv.ops.pool import avg_pool2d, max_pool2d
from tinyconv.ops.pool_arguments import fitted, pictures, window_of
from tinyconv.tensor import Tensor

from .module import Module


class MaxPool2d(Module):
    """y[n,c,oy,ox] = max over ky, kx of x[n,c, oy*s + ky*d - p, ox*s + kx*d - p]     (see functional.max_pool2d)

    x (N, C, H, W)  ->  y (N, C, OH, OW),   OH = floor((H + 2p - d(KH - 1) - 1)/s) + 1; ceil_mode rounds up
    stride = kernel_size unless given. Padding never wins.
    return_indices: give (y, indices), for MaxUnpool2d.   Ranzato et al. 2007
    """

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        dilation: int | Pair = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ):
        self.kernel_size, self.padding, self.dilation = kernel_size, padding, dilation
        self.stride = kernel_size if stride is None else stride
        self.return_indices, self.ceil_mode = return_indices, ceil_mode
        window_of("MaxPool2d", kernel_size, self.stride, padding, dilation)  # refuses what makes no sense

    def forward(self, x: Tensor) -> Any:
        window = self.kernel_size, self.stride, self.padding, self.dilation
        return max_pool2d(x, *window, self.ceil_mode, self.return_indices)

    def extra_repr(self) -> str:
        text = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        text += "" if self.dilation in (1, (1, 1)) else f", dilation={self.dilation}"
        text += ", return_indices=True" if self.return_indices else ""
        return text + (", ceil_mode=True" if self.ceil_mode else "")


class AvgPool2d(Module):
    """y[n,c,oy,ox] = mean over ky, kx of x[n,c, oy*s + ky - p, ox*s + kx - p]     (see functional.avg_pool2d)

    x (N, C, H, W)  ->  y (N, C, OH, OW),   OH = floor((H + 2p - KH)/s) + 1; ceil_mode rounds up
    stride = kernel_size unless given.
    count_include_pad: the mean is over pixels and padding (True), or over the pixels that lie in the picture.
    divisor_override: divide the sum by this number instead.   LeCun et al. 1998, section II.A
    """

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ):
        self.kernel_size, self.padding, self.ceil_mode = kernel_size, padding, ceil_mode
        self.stride = kernel_size if stride is None else stride
        self.count_include_pad, self.divisor_override = count_include_pad, divisor_override
        window_of("AvgPool2d", kernel_size, self.stride, padding)  # refuses what makes no sense
        if divisor_override is not None:
            whole("AvgPool2d", "divisor_override", divisor_override, least=1)

    def forward(self, x: Tensor) -> Tensor:
        mean = self.ceil_mode, self.count_include_pad, self.divisor_override
        return avg_pool2d(x, self.kernel_size, self.stride, self.padding, *mean)

    @property
    def plain(self) -> bool:
        """Is every window inside the picture, and y the mean over it?"""
        return self.padding in (0, (0, 0)) and not self.ceil_mode and self.divisor_override is None

    def after_tanh(self, x: Tensor) -> Tensor:
        """y of tanh(x), in one pass, where the pooling is plain"""
        x = pictures("avg_pool2d", x)
        window = window_of("avg_pool2d", self.kernel_size, self.stride, self.padding)
        return tanh_avg_pool2d(x, fitted("avg_pool2d", window, x.shape[2:], False))

    def extra_repr(self) -> str:
        text = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        text += ", ceil_mode=True" if self.ceil_mode else ""
        text += "" if self.count_include_pad else ", count_include_pad=False"
        return text + ("" if self.divisor_override is None else f", divisor_override={self.divisor_override}")
