"""Residual networks for pictures of 32x32 pixels.

He, Zhang, Ren and Sun 2016, "Deep Residual Learning for Image Recognition", arXiv:1512.03385, section 4.2.

Departures from the paper: none in the net. Shortcuts have no parameters (option A). The paper does not say on which
side the new channels, all zero, stand: here they come last.
"""

from __future__ import annotations

from tinyconv import nn
from tinyconv.nn.functional import pad
from tinyconv.tensor import Tensor

from .network import Network
from .registry import model
from .resnet import Parts, basic_block
from .weights import he_

PAPER = "He et al. 2016, arXiv:1512.03385, section 4.2"


class PaddedShortcut(nn.Module):
    """Option A: every s-th pixel, and channels of zeros behind.   x (N, C, H, W)  ->  y (N, C + zeros, H/s, W/s)"""

    def __init__(self, zeros: int, stride: int):
        self.zeros, self.stride = zeros, stride

    def forward(self, x: Tensor) -> Tensor:
        return pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.zeros))

    def extra_repr(self) -> str:
        return f"zeros={self.zeros}, stride={self.stride}"


def option_a(C: int, F: int, stride: int) -> Parts | None:
    """The shortcut of a block that changes the shape."""
    return None if C == F and stride == 1 else {"shortcut": PaddedShortcut(F - C, stride)}


class CifarResNet(Network):
    """6n + 2 layers: the first convolution, three stages of n blocks of two convolutions each, the dense layer."""

    def __init__(self, n: int, num_classes: int = 10, in_channels: int = 3, width: int = 16):
        def stage(C: int, F: int, stride: int) -> nn.Sequential:
            first = basic_block(C, F, stride, option_a)
            return nn.Sequential(first, *(basic_block(F, F) for _ in range(n - 1)))

        W = width
        # for 32x32 pictures and width 16                                            (N, 3, 32, 32)
        self.conv1 = nn.Conv2d(in_channels, W, 3, padding=1, bias=False)  #          (N, 16, 32, 32)
        self.bn1 = nn.BatchNorm2d(W)
        self.relu = nn.ReLU()
        self.layer1 = stage(W, W, stride=1)
        self.layer2 = stage(W, 2 * W, stride=2)  #                                   (N, 32, 16, 16)
        self.layer3 = stage(2 * W, 4 * W, stride=2)  #                               (N, 64, 8, 8)
        self.avgpool = nn.AdaptiveAvgPool2d(1)  #                                    (N, 64, 1, 1)
        self.fc = nn.Linear(4 * W, num_classes)  #                                   (N, num_classes)
        he_(self)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.run(x, self.conv1, self.bn1, self.relu)
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(self.avgpool(x).flatten(1))


@model(year=2015, paper=PAPER, input=(3, 32, 32))
def resnet20(num_classes: int = 10, in_channels: int = 3, width: int = 16) -> CifarResNet:
    """20 layers; 269,722 parameters for 10 classes."""
    return CifarResNet(3, num_classes, in_channels, width)


@model(year=2015, paper=PAPER, input=(3, 32, 32))
def resnet32(num_classes: int = 10, in_channels: int = 3, width: int = 16) -> CifarResNet:
    """32 layers; 464,154 parameters for 10 classes."""
    return CifarResNet(5, num_classes, in_channels, width)


@model(year=2015, paper=PAPER, input=(3, 32, 32))
def resnet44(num_classes: int = 10, in_channels: int = 3, width: int = 16) -> CifarResNet:
    """44 layers; 658,586 parameters for 10 classes."""
    return CifarResNet(7, num_classes, in_channels, width)


@model(year=2015, paper=PAPER, input=(3, 32, 32))
def resnet56(num_classes: int = 10, in_channels: int = 3, width: int = 16) -> CifarResNet:
    """56 layers; 853,018 parameters for 10 classes."""
    return CifarResNet(9, num_classes, in_channels, width)


@model(year=2015, paper=PAPER, input=(3, 32, 32))
def resnet110(num_classes: int = 10, in_channels: int = 3, width: int = 16) -> CifarResNet:
    """110 layers; 1,727,962 parameters for 10 classes."""
    return CifarResNet(18, num_classes, in_channels, width)
