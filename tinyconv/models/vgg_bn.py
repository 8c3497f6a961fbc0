"""VGG with batch norm.

Simonyan and Zisserman 2015, "Very Deep Convolutional Networks for Large-Scale Image Recognition", arXiv:1409.1556,
table 1, with what Ioffe and Szegedy 2015, "Batch Normalization", arXiv:1502.03167, found a little later.

Departures from the paper: batch norm stands between each convolution and its ReLU. The convolutions keep their biases,
which it makes superfluous, as in torchvision's nets. All else is as in vgg.py.
"""

from __future__ import annotations

from .registry import model
from .vgg import PAPER, VGG


@model(year=2015, paper=f"{PAPER} A, with batch norm", top1=(70.37, "torchvision"))
def vgg11_bn(
    num_classes: int = 1000, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> VGG:
    """Column A: 132,868,840 parameters."""
    return VGG("A", True, num_classes, in_channels, width, hidden, dropout)


@model(year=2015, paper=f"{PAPER} A-LRN, with batch norm")
def vgg11_lrn_bn(
    num_classes: int = 1000, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> VGG:
    """Column A-LRN, which has both normalisations in its first layer: 132,868,840 parameters."""
    return VGG("A-LRN", True, num_classes, in_channels, width, hidden, dropout)


@model(year=2015, paper=f"{PAPER} B, with batch norm", top1=(71.59, "torchvision"))
def vgg13_bn(
    num_classes: int = 1000, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> VGG:
    """Column B: 133,053,736 parameters."""
    return VGG("B", True, num_classes, in_channels, width, hidden, dropout)


@model(year=2015, paper=f"{PAPER} C, with batch norm")
def vgg16_c_bn(
    num_classes: int = 1000, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> VGG:
    """Column C: 133,647,400 parameters."""
    return VGG("C", True, num_classes, in_channels, width, hidden, dropout)


@model(year=2015, paper=f"{PAPER} D, with batch norm", top1=(73.36, "torchvision"))
def vgg16_bn(
    num_classes: int = 1000, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> VGG:
    """Column D: 138,365,992 parameters."""
    return VGG("D", True, num_classes, in_channels, width, hidden, dropout)


@model(year=2015, paper=f"{PAPER} E, with batch norm", top1=(74.22, "torchvision"))
def vgg19_bn(
    num_classes: int = 1000, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> VGG:
    """Column E: 143,678,248 parameters."""
    return VGG("E", True, num_classes, in_channels, width, hidden, dropout)
