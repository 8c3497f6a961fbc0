"""Xception: Inception taken to its extreme, where every channel is filtered by itself.

Chollet 2017, "Xception: Deep Learning with Depthwise Separable Convolutions", arXiv:1610.02357, figure 5.

Departures from the paper: max pooling is padded on all sides, as PyTorch does it (the author's code pads an even
number of rows at the end alone); weights begin as He et al. have it, the paper does not say. Its dropout before the
dense layer (section 4.3) is there; Keras's model has none.
"""

from __future__ import annotations

from itertools import pairwise

from tinyconv import nn
from tinyconv.tensor import Tensor

from .network import Network
from .registry import model
from .weights import he_


def separable(C: int, F: int) -> nn.Sequential:
    """A 3x3 filter for each channel, then a 1x1 convolution across them; no ReLU between (section 4.7)."""
    return nn.Sequential(
        {
            "conv1": nn.Conv2d(C, C, 3, padding=1, groups=C, bias=False),
            "pointwise": nn.Conv2d(C, F, 1, bias=False),
        }
    )


def block(*channels: int, relu_first: bool = True, pool: bool = True) -> nn.Residual:
    """One box of figure 5: ReLU, separable convolution and batch norm, again and again, and a shortcut around them.

    channels  in the input and after each of the convolutions
    pool      half the rows and columns are left, and the shortcut is a 1x1 convolution with stride 2
    """
    layers: list[nn.Module] = []
    for C, F in pairwise(channels):
        layers += [nn.ReLU(), separable(C, F), nn.BatchNorm2d(F)]
    if not relu_first:
        del layers[0]
    if not pool:
        return nn.Residual({"rep": nn.Sequential(*layers)})
    layers += [nn.MaxPool2d(3, stride=2, padding=1)]
    C, F = channels[0], channels[-1]
    shortcut = {"skip": nn.Conv2d(C, F, 1, stride=2, bias=False), "skipbn": nn.BatchNorm2d(F)}
    return nn.Residual({"rep": nn.Sequential(*layers)}, shortcut)


class Xception(Network):
    """36 convolutions: the entry flow, eight times the middle flow, the exit flow.

    dropout: the share of the last features that is dropped
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5):
        # (N, 3, 299, 299)
        self.conv1 = nn.Conv2d(in_channels, 32, 3, stride=2, bias=False)  # (N, 32, 149, 149)
        self.bn1 = nn.BatchNorm2d(32)
        self.act1 = nn.ReLU()
        self.conv2 = nn.Conv2d(32, 64, 3, bias=False)  # (N, 64, 147, 147)
        self.bn2 = nn.BatchNorm2d(64)
        self.act2 = nn.ReLU()
        self.block1 = block(64, 128, 128, relu_first=False)  # (N, 128, 74, 74)
        self.block2 = block(128, 256, 256)  # (N, 256, 37, 37)
        self.block3 = block(256, 728, 728)  # (N, 728, 19, 19)
        for i in range(4, 12):  # the middle flow
            setattr(self, f"block{i}", block(728, 728, 728, 728, pool=False))
        self.block12 = block(728, 728, 1024)  # (N, 1024, 10, 10)
        self.conv3 = separable(1024, 1536)  # (N, 1536, 10, 10)
        self.bn3 = nn.BatchNorm2d(1536)
        self.act3 = nn.ReLU()
        self.conv4 = separable(1536, 2048)  # (N, 2048, 10, 10)
        self.bn4 = nn.BatchNorm2d(2048)
        self.act4 = nn.ReLU()
        self.global_pool = nn.GlobalAvgPool2d()  # (N, 2048)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(2048, num_classes)  # (N, num_classes)
        he_(self)

    def forward(self, x: Tensor) -> Tensor:
        return nn.run(x, *self.children())


@model(
    year=2016,
    paper="Chollet 2017, arXiv:1610.02357, figure 5",
    input=(3, 299, 299),
    top1=(79.0, "the paper, table 1, and Keras"),
)
def xception(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> Xception:
    """22,855,952 parameters for 1000 classes."""
    return Xception(num_classes, in_channels, dropout)
