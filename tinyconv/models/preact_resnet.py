"""Pre-activation residual networks: batch norm and ReLU before each convolution, and shortcuts that nothing interrupts.

He, Zhang, Ren and Sun 2016, "Identity Mappings in Deep Residual Networks", arXiv:1603.05027, figure 4e and table 2.

Departures from the paper: in a bottleneck the stride is in the 3x3 convolution, as in resnet.py; the dense layer is a
1x1 convolution, and names are timm's. As in the authors' code, both paths of a stage's first unit begin after its first
activation. The ImageNet net with 50 layers is made like the paper's deeper ones, and is not in the paper.
"""

from __future__ import annotations

from tinyconv import nn
from tinyconv.tensor import Tensor

from .network import Network
from .registry import model
from .resnet_cifar import PaddedShortcut
from .weights import he_

PAPER = "He et al. 2016, arXiv:1603.05027, table 2"


class Unit(nn.Module):
    """y = x + f(a) with a = relu(norm(x)), or shortcut(a) + f(a): f is convolutions with norm and ReLU between them."""

    def __init__(self, convolutions: list[nn.Conv2d], shortcut: nn.Module | None):
        self.downsample = shortcut
        for i, conv in enumerate(convolutions, 1):
            setattr(self, f"norm{i}", nn.BatchNorm2d(conv.in_channels))
            setattr(self, f"relu{i}", nn.ReLU())
            setattr(self, f"conv{i}", conv)

    def forward(self, x: Tensor) -> Tensor:
        norm, relu, *rest = [layer for name, layer in self.named_children() if name != "downsample"]
        a = nn.run(x, norm, relu)
        return nn.run(a, *rest) + (x if self.downsample is None else self.downsample(a))


def basic(C: int, F: int, stride: int) -> list[nn.Conv2d]:
    """Two 3x3 convolutions."""
    return [nn.Conv2d(C, F, 3, stride, padding=1, bias=False), nn.Conv2d(F, F, 3, padding=1, bias=False)]


def bottleneck(C: int, F: int, stride: int) -> list[nn.Conv2d]:
    """1x1 to a fourth of the channels that it gives, 3x3, 1x1."""
    M = F // 4
    return [
        nn.Conv2d(C, M, 1, bias=False),
        nn.Conv2d(M, M, 3, stride, padding=1, bias=False),
        nn.Conv2d(M, F, 1, bias=False),
    ]


def projection(C: int, F: int, stride: int) -> nn.Module:
    return nn.Sequential({"conv": nn.Conv2d(C, F, 1, stride, bias=False)})


def padding(C: int, F: int, stride: int) -> nn.Module:
    """Option A of the first paper: no parameters."""
    return nn.Identity() if C == F and stride == 1 else PaddedShortcut(F - C, stride)


class PreActResNet(Network):
    """stem    the first layers, which give the first of the channels
    channels   of the stem, and of each stage; every stage but the first begins with stride 2
    blocks     how many units each stage has
    """

    def __init__(
        self,
        stem: nn.Sequential,
        channels: tuple[int, ...],
        blocks: tuple[int, ...],
        bottlenecks: bool,
        num_classes: int,
    ):
        convolutions, shortcut = (bottleneck, projection) if bottlenecks else (basic, padding)

        def stage(C: int, F: int, count: int, stride: int) -> nn.Sequential:
            first = Unit(convolutions(C, F, stride), shortcut(C, F, stride))
            rest = [Unit(convolutions(F, F, 1), None) for _ in range(count - 1)]
            return nn.Sequential({"blocks": nn.Sequential(first, *rest)})

        strides = [1] + [2] * (len(blocks) - 1)
        self.stem = stem
        self.stages = nn.Sequential(*map(stage, channels[:-1], channels[1:], blocks, strides))
        self.norm = nn.BatchNorm2d(channels[-1])
        self.relu = nn.ReLU()
        he_(self)  # all but the last layer, which begins as a dense one does
        fc = nn.Conv2d(channels[-1], num_classes, 1)
        self.head = nn.Sequential({"global_pool": nn.AdaptiveAvgPool2d(1), "fc": fc, "flatten": nn.Flatten()})

    def forward(self, x: Tensor) -> Tensor:
        return self.head(nn.run(self.stages(self.stem(x)), self.norm, self.relu))


def cifar(n: int, bottlenecks: bool, num_classes: int, in_channels: int, width: int) -> PreActResNet:
    """Three stages of n units each."""
    W, out = width, 4 if bottlenecks else 1
    #                                                                                          (N, 3, 32, 32)
    stem = nn.Sequential({"conv": nn.Conv2d(in_channels, W, 3, padding=1, bias=False)})  #     (N, 16, 32, 32)
    channels = W, W * out, 2 * W * out, 4 * W * out  # (N, 16 out, 32, 32), (N, 32 out, 16, 16), (N, 64 out, 8, 8)
    return PreActResNet(stem, channels, (n, n, n), bottlenecks, num_classes)


@model(year=2016, paper=PAPER, input=(3, 32, 32))
def preact_resnet110(num_classes: int = 10, in_channels: int = 3, width: int = 16) -> PreActResNet:
    """110 layers; 1,727,962 parameters for 10 classes."""
    return cifar(18, False, num_classes, in_channels, width)


@model(year=2016, paper=PAPER, input=(3, 32, 32))
def preact_resnet164(num_classes: int = 10, in_channels: int = 3, width: int = 16) -> PreActResNet:
    """164 layers, in bottlenecks; 1,703,258 parameters for 10 classes."""
    return cifar(18, True, num_classes, in_channels, width)


@model(year=2016, paper="after He et al. 2016, arXiv:1603.05027, section 4")
def preact_resnet50(num_classes: int = 1000, in_channels: int = 3, width: int = 64) -> PreActResNet:
    """50 layers, for large pictures; 25,549,352 parameters for 1000 classes."""
    W = width
    conv = nn.Conv2d(in_channels, W, 7, stride=2, padding=3, bias=False)  #                    (N, 64, 112, 112)
    stem = nn.Sequential({"conv": conv, "pool": nn.MaxPool2d(3, stride=2, padding=1)})  #      (N, 64, 56, 56)
    channels = W, 4 * W, 8 * W, 16 * W, 32 * W  # (N, 256, 56, 56), (N, 512, 28, 28), (N, 1024, 14, 14), (N, 2048, 7, 7)
    return PreActResNet(stem, channels, (3, 4, 6, 3), True, num_classes)
