"""BN-Inception, the second version of Inception and the first net with batch norm.

Ioffe and Szegedy 2015, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift",
arXiv:1502.03167, figure 5.

Departures from the paper: the first layer is a plain 7x7 convolution, not a separable one with depth multiplier 8. In
4c and 4d, whose filters do not add up to figure 5's 576 channels, 96 filters after the pooling make them do so, as in
the code that Google published. Average pooling leaves out the padding, as there. Weights begin as He et al. have it.
"""

from __future__ import annotations

from collections.abc import Callable

from tinyconv import nn
from tinyconv.errors import ArgumentError
from tinyconv.geometry import whole
from tinyconv.tensor import Tensor

from .conv_bn_relu import conv_bn_relu
from .network import Network
from .registry import model
from .weights import he_

Pool = Callable[[], nn.Module]


def average() -> nn.AvgPool2d:
    return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


def largest() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, stride=1, padding=1)


class BNInception(Network):
    """x (N, in_channels, H, W) -> logits (N, num_classes)

    width  channels of the first layer, an even number; the other layers have theirs in proportion
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, width: int = 64):
        self.width = whole("BNInception", "width", width, least=2)
        if width % 2:
            raise ArgumentError("BNInception", f"width is {width}; it must be even, for some layers have half of it.")
        conv, inception, reduction = self.conv, self.inception, self.reduction
        layers = {  # for width 64 and pictures of 224x224
            "conv1": conv_bn_relu(in_channels, width, 7, stride=2, padding=3),  # (N, 64, 112, 112)
            "maxpool1": nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (N, 64, 56, 56)
            "conv2": conv(64, 64, 1),
            "conv3": conv(64, 192, 3),  # (N, 192, 56, 56)
            "maxpool2": nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (N, 192, 28, 28)
            #                      in  1x1 3x3r 3x3 d3x3r d3x3 pool proj
            "inception3a": inception(192, 64, 64, 64, 64, 96, average, 32),  # (N, 256, 28, 28)
            "inception3b": inception(256, 64, 64, 96, 64, 96, average, 64),  # (N, 320, 28, 28)
            "inception3c": reduction(320, 128, 160, 64, 96),  # (N, 576, 14, 14)
            "inception4a": inception(576, 224, 64, 96, 96, 128, average, 128),  # (N, 576, 14, 14)
            "inception4b": inception(576, 192, 96, 128, 96, 128, average, 128),  # (N, 576, 14, 14)
            "inception4c": inception(576, 160, 128, 160, 128, 160, average, 96),  # (N, 576, 14, 14)
            "inception4d": inception(576, 96, 128, 192, 160, 192, average, 96),  # (N, 576, 14, 14)
            "inception4e": reduction(576, 128, 192, 192, 256),  # (N, 1024, 7, 7)
            "inception5a": inception(1024, 352, 192, 320, 160, 224, average, 128),  # (N, 1024, 7, 7)
            "inception5b": inception(1024, 352, 192, 320, 192, 224, largest, 128),  # (N, 1024, 7, 7)
        }
        self.features = nn.Sequential(layers)
        self.avgpool = nn.GlobalAvgPool2d()  # (N, 1024)
        self.fc = nn.Linear(1024 * width // 64, num_classes)  # (N, num_classes)
        he_(self)

    def conv(self, C: int, F: int, kernel_size: int, stride: int = 1) -> nn.Sequential:
        C, F = C * self.width // 64, F * self.width // 64  # no remainder: all are multiples of 32
        return conv_bn_relu(C, F, kernel_size, stride, padding=kernel_size // 2)

    def inception(self, C: int, F1: int, R3: int, F3: int, RD: int, FD: int, pool: Pool, P: int) -> nn.Concat:
        """Two 3x3 convolutions in the place of GoogLeNet's 5x5.   C channels in, F1 + F3 + FD + P out"""
        conv = self.conv
        branches = {
            "branch1": conv(C, F1, 1),
            "branch2": nn.Sequential(conv(C, R3, 1), conv(R3, F3, 3)),
            "branch3": nn.Sequential(conv(C, RD, 1), conv(RD, FD, 3), conv(FD, FD, 3)),
            "branch4": nn.Sequential(pool(), conv(C, P, 1)),
        }
        return nn.Concat(branches)

    def reduction(self, C: int, R3: int, F3: int, RD: int, FD: int) -> nn.Concat:
        """Half the rows and columns: x itself is pooled and passed through.   C channels in, F3 + FD + C out"""
        conv = self.conv
        branches = {
            "branch2": nn.Sequential(conv(C, R3, 1), conv(R3, F3, 3, stride=2)),
            "branch3": nn.Sequential(conv(C, RD, 1), conv(RD, FD, 3), conv(FD, FD, 3, stride=2)),
            "branch4": nn.MaxPool2d(3, stride=2, padding=1),
        }
        return nn.Concat(branches)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.avgpool(self.features(x)))


@model(year=2015, paper="Ioffe and Szegedy 2015, arXiv:1502.03167, figure 5", top1=(74.8, "the paper, BN-x30"))
def bn_inception(num_classes: int = 1000, in_channels: int = 3, width: int = 64) -> BNInception:
    """11,194,984 parameters for 1000 classes."""
    return BNInception(num_classes, in_channels, width)
