"""LeNet-5's pooling layer, with a weight and a bias for each map."""

from __future__ import annotations

import numpy as np

from tinyconv.geometry import Pair, Window, whole
from tinyconv.ops.subsampling import subsampling2d
from tinyconv.tensor import Tensor

from . import init
from .module import Module, Parameter


class Subsampling2d(Module):
    """y[n,c,oy,ox] = w[c] * (sum over ky, kx of x[n,c, oy*s + ky, ox*s + kx]) + b[c];   the squashing comes after it

    x (N, channels, H, W)  ->  y (N, channels, OH, OW),   OH = floor((H - KH)/s) + 1
    stride = kernel_size unless given.
    weight, bias (channels,) begin as 1/(KH*KW) and 0, so that it is average pooling at first.
    LeCun, Bottou, Bengio and Haffner 1998, "Gradient-Based Learning Applied to Document Recognition", section II.B,
    layers S2 and S4 (whose weights were drawn from U(-2.4/F, 2.4/F), F the inputs of a unit).
    """

    def __init__(self, channels: int, kernel_size: int | Pair = 2, stride: int | Pair | None = None):
        self.channels = whole("Subsampling2d", "channels", channels, least=1)
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.window = Window.of("Subsampling2d", kernel_size, self.stride)
        self.weight = Parameter(np.empty(self.channels, np.float32))
        self.bias = Parameter(np.empty(self.channels, np.float32))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Make it average pooling."""
        KH, KW = self.window.size
        init.constant_(self.weight, 1 / (KH * KW))
        init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        return subsampling2d(x, self.weight, self.bias, self.kernel_size, self.stride)

    def extra_repr(self) -> str:
        return f"{self.channels}, kernel_size={self.kernel_size}, stride={self.stride}"
