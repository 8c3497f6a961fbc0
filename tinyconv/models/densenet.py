"""Densely connected networks: every layer sees the outputs of all layers before it.

Huang, Liu, van der Maaten and Weinberger 2017, "Densely Connected Convolutional Networks", arXiv:1608.06993, table 1.
These are the DenseNets-BC: layers with bottlenecks (B), transitions that halve the channels (C).

Departures from the paper: batch norm and ReLU come after the first convolution, where table 1 has them before each;
they do so in the authors' code. Memory: every layer's input is put together anew, and backward needs it as it is and
after batch norm and ReLU, so that what is kept grows with the square of the number of layers in a block: 73 of
DenseNet-121's 120 MB for a picture of 224x224.
"""

from __future__ import annotations

from tinyconv import nn
from tinyconv.ops.join import cat
from tinyconv.tensor import Tensor

from .network import Network
from .registry import model
from .weights import he_

PAPER = "Huang et al. 2017, arXiv:1608.06993, table 1"


class DenseLayer(nn.Sequential):
    """y = [x, H(x)], equation 2: C channels in, C + k out; H goes through a bottleneck of 4k channels"""

    def __init__(self, C: int, k: int):
        super().__init__(
            {
                "norm1": nn.BatchNorm2d(C),
                "relu1": nn.ReLU(),
                "conv1": nn.Conv2d(C, 4 * k, 1, bias=False),
                "norm2": nn.BatchNorm2d(4 * k),
                "relu2": nn.ReLU(),
                "conv2": nn.Conv2d(4 * k, k, 3, padding=1, bias=False),
            }
        )

    def forward(self, x: Tensor) -> Tensor:
        return cat([x, super().forward(x)], dim=1)


def dense_block(C: int, k: int, layers: int) -> nn.Sequential:
    """C channels in, C + layers k out"""
    return nn.Sequential({f"denselayer{i + 1}": DenseLayer(C + i * k, k) for i in range(layers)})


def transition(C: int) -> nn.Sequential:
    """C channels in, C/2 out, and half the rows and columns"""
    return nn.Sequential(
        {
            "norm": nn.BatchNorm2d(C),
            "relu": nn.ReLU(),
            "conv": nn.Conv2d(C, C // 2, 1, bias=False),
            "pool": nn.AvgPool2d(2),
        }
    )


class DenseNet(Network):
    """layers  how many each of the four blocks has

    growth_rate  k, the channels that a layer adds
    """

    def __init__(
        self, layers: tuple[int, int, int, int], num_classes: int = 1000, in_channels: int = 3, growth_rate: int = 32
    ):
        k = growth_rate
        C = 2 * k
        # for 224x224 pictures, k = 32 and DenseNet-121                                          (N, 3, 224, 224)
        parts: dict[str, nn.Module] = {
            "conv0": nn.Conv2d(in_channels, C, 7, stride=2, padding=3, bias=False),  # (N, 64, 112, 112)
            "norm0": nn.BatchNorm2d(C),
            "relu0": nn.ReLU(),
            "pool0": nn.MaxPool2d(3, stride=2, padding=1),  # (N, 64, 56, 56)
        }
        for i, count in enumerate(layers, start=1):
            parts[f"denseblock{i}"] = dense_block(C, k, count)  # (N, 256, 56, 56), 512, 1024, 1024
            C += count * k
            if i < len(layers):
                parts[f"transition{i}"] = transition(C)  # (N, 128, 28, 28), (N, 256, 14, 14), (N, 512, 7, 7)
                C //= 2
        self.features = nn.Sequential(parts | {"norm5": nn.BatchNorm2d(C)})
        self.relu = nn.ReLU()
        self.avgpool = nn.GlobalAvgPool2d()  # (N, 1024)
        self.classifier = nn.Linear(C, num_classes)  # (N, num_classes)
        he_(self)

    def forward(self, x: Tensor) -> Tensor:
        return nn.run(x, *self.children())


@model(year=2016, paper=PAPER, top1=(74.43, "torchvision"))
def densenet121(num_classes: int = 1000, in_channels: int = 3, growth_rate: int = 32) -> DenseNet:
    """7,978,856 parameters for 1000 classes and k = 32."""
    return DenseNet((6, 12, 24, 16), num_classes, in_channels, growth_rate)


@model(year=2016, paper=PAPER, top1=(75.60, "torchvision"))
def densenet169(num_classes: int = 1000, in_channels: int = 3, growth_rate: int = 32) -> DenseNet:
    """14,149,480 parameters for 1000 classes and k = 32."""
    return DenseNet((6, 12, 32, 32), num_classes, in_channels, growth_rate)


@model(year=2016, paper=PAPER, top1=(76.90, "torchvision"))
def densenet201(num_classes: int = 1000, in_channels: int = 3, growth_rate: int = 32) -> DenseNet:
    """20,013,928 parameters for 1000 classes and k = 32."""
    return DenseNet((6, 12, 48, 32), num_classes, in_channels, growth_rate)
