"""ResNeXt: residual networks whose bottlenecks are many narrow paths side by side.

Xie, Girshick, Dollar, Tu and He 2017, "Aggregated Residual Transformations for Deep Neural Networks",
arXiv:1611.05431, table 1.

32x4d: 32 paths of 4 channels in the first stage, of twice as many in each that follows. The paths of a block, all of
one shape, are one grouped convolution between two dense 1x1 ones (figure 3c); otherwise the nets are as in resnet.py.

Departures from the paper: none; the stride is in the 3x3 convolution there too. The 32x8d is not in the paper: its
authors published it later, and torchvision has it.
"""

from __future__ import annotations

from .registry import model
from .resnet import ResNet

PAPER = "Xie et al. 2017, arXiv:1611.05431, table 1"


@model(year=2016, paper=PAPER, top1=(77.62, "torchvision"))
def resnext50_32x4d(num_classes: int = 1000, in_channels: int = 3, width: int = 64) -> ResNet:
    """50 layers; 25,028,904 parameters for 1000 classes."""
    return ResNet((3, 4, 6, 3), True, num_classes, in_channels, width, groups=32, width_per_group=4)


@model(year=2016, paper=PAPER, top1=(78.8, "the paper"))
def resnext101_32x4d(num_classes: int = 1000, in_channels: int = 3, width: int = 64) -> ResNet:
    """101 layers; 44,177,704 parameters for 1000 classes."""
    return ResNet((3, 4, 23, 3), True, num_classes, in_channels, width, groups=32, width_per_group=4)


@model(year=2016, paper="Xie et al. 2017, arXiv:1611.05431, table 4", top1=(79.6, "the paper"))
def resnext101_64x4d(num_classes: int = 1000, in_channels: int = 3, width: int = 64) -> ResNet:
    """101 layers; 83,455,272 parameters for 1000 classes."""
    return ResNet((3, 4, 23, 3), True, num_classes, in_channels, width, groups=64, width_per_group=4)


@model(year=2016, paper="after Xie et al. 2017, arXiv:1611.05431", top1=(79.31, "torchvision"))
def resnext101_32x8d(num_classes: int = 1000, in_channels: int = 3, width: int = 64) -> ResNet:
    """101 layers; 88,791,336 parameters for 1000 classes."""
    return ResNet((3, 4, 23, 3), True, num_classes, in_channels, width, groups=32, width_per_group=8)
