"""Squeeze-and-excitation: a net within the net says how much each channel counts."""

from __future__ import annotations

from collections.abc import Callable

from tinyconv.geometry import whole
from tinyconv.tensor import Tensor

from .activation import ReLU, Sigmoid
from .conv import Conv2d
from .module import Module


class SqueezeExcitation(Module):
    """y[n,c] = s[n,c] x[n,c],   s = sigmoid(W2 relu(W1 z + b1) + b2),   z[n,c] = mean over the picture of x[n,c]

    x (N, input_channels, H, W)  ->  y the same.   W1 (squeeze_channels, input_channels, 1, 1), W2 the other way round:
    `fc1` and `fc2`, 1x1 convolutions, as in torchvision.ops, whose signature this is. squeeze_channels is C/16 in the
    paper.   activation, scale_activation: what makes the layers in the place of the ReLU and the sigmoid.
    Hu et al. 2018, "Squeeze-and-Excitation Networks", arXiv:1709.01507, section 3, eq. 2 to 4
    """

    def __init__(
        self,
        input_channels: int,
        squeeze_channels: int,
        activation: Callable[[], Module] = ReLU,
        scale_activation: Callable[[], Module] = Sigmoid,
    ):
        C = whole("SqueezeExcitation", "input_channels", input_channels, least=1)
        M = whole("SqueezeExcitation", "squeeze_channels", squeeze_channels, least=1)
        self.fc1, self.fc2 = Conv2d(C, M, 1), Conv2d(M, C, 1)
        self.activation, self.scale_activation = activation(), scale_activation()

    def forward(self, x: Tensor) -> Tensor:
        z = x.mean((2, 3), keepdim=True)
        return x * self.scale_activation(self.fc2(self.activation(self.fc1(z))))
