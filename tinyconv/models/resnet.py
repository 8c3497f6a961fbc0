"""Residual networks.

He, Zhang, Ren and Sun 2016, "Deep Residual Learning for Image Recognition", arXiv:1512.03385, table 1.

Departures from the paper: in a bottleneck the stride is in the 3x3 convolution, not in the 1x1 before it (ResNet v1.5,
as everyone trains it today: a little more accurate, 7 % more multiply-adds). Shortcuts that change the shape are
projections, the paper's option B. The CIFAR nets of section 4.2 are in resnet_cifar.py.
"""

from __future__ import annotations

from collections.abc import Callable

from tinyconv import nn
from tinyconv.tensor import Tensor

from .network import Network
from .registry import model
from .weights import he_

PAPER = "He et al. 2016, arXiv:1512.03385, table 1"


Parts = dict[str, nn.Module]


def projection(C: int, F: int, stride: int) -> Parts | None:
    """Option B, the shortcut of a block that changes the shape."""
    if C == F and stride == 1:
        return None
    return {"downsample": nn.Sequential(nn.Conv2d(C, F, 1, stride, bias=False), nn.BatchNorm2d(F))}


def basic_block(
    C: int, F: int, stride: int = 1, shortcut: Callable[[int, int, int], Parts | None] = projection
) -> nn.Residual:
    """Figure 5, left: two 3x3 convolutions.   C channels in, F out"""
    body = {
        "conv1": nn.Conv2d(C, F, 3, stride, padding=1, bias=False),
        "bn1": nn.BatchNorm2d(F),
        "relu1": nn.ReLU(),
        "conv2": nn.Conv2d(F, F, 3, padding=1, bias=False),
        "bn2": nn.BatchNorm2d(F),
    }
    return nn.Residual(body, shortcut(C, F, stride), relu=True)


def bottleneck(C: int, M: int, stride: int = 1, groups: int = 1, width_per_group: int = 64) -> nn.Residual:
    """Figure 5, right: 1x1 to D channels, 3x3, 1x1 to 4M.   D = M; in a ResNeXt each group has width_per_group/64 M"""
    D = M * width_per_group // 64 * groups
    body = {
        "conv1": nn.Conv2d(C, D, 1, bias=False),
        "bn1": nn.BatchNorm2d(D),
        "relu1": nn.ReLU(),
        "conv2": nn.Conv2d(D, D, 3, stride, padding=1, groups=groups, bias=False),
        "bn2": nn.BatchNorm2d(D),
        "relu2": nn.ReLU(),
        "conv3": nn.Conv2d(D, 4 * M, 1, bias=False),
        "bn3": nn.BatchNorm2d(4 * M),
    }
    return nn.Residual(body, projection(C, 4 * M, stride), relu=True)


class ResNet(Network):
    """blocks  how many residual blocks each of the four stages has

    bottlenecks  they are bottlenecks, and give four times as many channels
    width        channels inside the first stage's blocks
    groups, width_per_group  of bottlenecks, as in resnext.py: paths side by side, their channels in the first stage
    """

    def __init__(
        self,
        blocks: tuple[int, int, int, int],
        bottlenecks: bool,
        num_classes: int = 1000,
        in_channels: int = 3,
        width: int = 64,
        groups: int = 1,
        width_per_group: int = 64,
    ):
        def block(C: int, M: int, stride: int = 1) -> nn.Residual:
            return bottleneck(C, M, stride, groups, width_per_group) if bottlenecks else basic_block(C, M, stride)

        def stage(C: int, M: int, count: int, stride: int) -> nn.Sequential:
            return nn.Sequential(block(C, M, stride), *(block(M * out, M) for _ in range(count - 1)))

        W, out = width, 4 if bottlenecks else 1
        # for 224x224 pictures and width 64                                                    (N, 3, 224, 224)
        self.conv1 = nn.Conv2d(in_channels, W, 7, stride=2, padding=3, bias=False)  #        (N, 64, 112, 112)
        self.bn1 = nn.BatchNorm2d(W)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)  #                               (N, 64, 56, 56)
        self.layer1 = stage(W, W, blocks[0], stride=1)  #                                    (N, 64 out, 56, 56)
        self.layer2 = stage(W * out, 2 * W, blocks[1], stride=2)  #                          (N, 128 out, 28, 28)
        self.layer3 = stage(2 * W * out, 4 * W, blocks[2], stride=2)  #                      (N, 256 out, 14, 14)
        self.layer4 = stage(4 * W * out, 8 * W, blocks[3], stride=2)  #                      (N, 512 out, 7, 7)
        self.avgpool = nn.AdaptiveAvgPool2d(1)  #                                            (N, 512 out, 1, 1)
        self.fc = nn.Linear(8 * W * out, num_classes)  #                                     (N, num_classes)
        he_(self)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.run(x, self.conv1, self.bn1, self.relu, self.maxpool)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


@model(year=2015, paper=PAPER, top1=(69.76, "torchvision"))
def resnet18(num_classes: int = 1000, in_channels: int = 3, width: int = 64) -> ResNet:
    """18 layers; 11,689,512 parameters for 1000 classes."""
    return ResNet((2, 2, 2, 2), False, num_classes, in_channels, width)


@model(year=2015, paper=PAPER, top1=(73.31, "torchvision"))
def resnet34(num_classes: int = 1000, in_channels: int = 3, width: int = 64) -> ResNet:
    """34 layers; 21,797,672 parameters for 1000 classes."""
    return ResNet((3, 4, 6, 3), False, num_classes, in_channels, width)


@model(year=2015, paper=PAPER, top1=(76.13, "torchvision"))
def resnet50(num_classes: int = 1000, in_channels: int = 3, width: int = 64) -> ResNet:
    """50 layers; 25,557,032 parameters for 1000 classes."""
    return ResNet((3, 4, 6, 3), True, num_classes, in_channels, width)


@model(year=2015, paper=PAPER, top1=(77.37, "torchvision"))
def resnet101(num_classes: int = 1000, in_channels: int = 3, width: int = 64) -> ResNet:
    """101 layers; 44,549,160 parameters for 1000 classes."""
    return ResNet((3, 4, 23, 3), True, num_classes, in_channels, width)


@model(year=2015, paper=PAPER, top1=(78.31, "torchvision"))
def resnet152(num_classes: int = 1000, in_channels: int = 3, width: int = 64) -> ResNet:
    """152 layers; 60,192,808 parameters for 1000 classes."""
    return ResNet((3, 8, 36, 3), True, num_classes, in_channels, width)
