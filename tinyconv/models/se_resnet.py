"""Squeeze-and-excitation networks on residual ones: SE-ResNet, SE-ResNeXt, SENet-154.

Hu, Shen, Albanie, Sun and Wu 2018, "Squeeze-and-Excitation Networks", arXiv:1709.01507, table 1, and the appendix on
SENet-154.

Each block says at its end how much every channel of what it adds counts. SENet-154, with which the authors won ILSVRC
2017, is a ResNeXt-152 (64x4d) with half as many channels in the 1x1 convolutions before the grouped ones, three 3x3
convolutions in the place of the first 7x7, 3x3 convolutions in the shortcuts that halve the size, and dropout.

Departures from the paper: the dense layers inside the blocks are 1x1 convolutions, which is the same. The rest is as in
the authors' Caffe files: the stride of an SE-ResNet's bottleneck is in its first convolution, and max pooling rounds
up. Names are timm's.
"""

from __future__ import annotations

from collections.abc import Callable

from tinyconv import nn
from tinyconv.tensor import Tensor

from .network import Network
from .registry import model
from .weights import he_

PAPER = "Hu et al. 2018, arXiv:1709.01507, table 1"
REDUCTION = 16

Block = Callable[[int, int, int], nn.Residual]  # (channels in, M, stride) -> 4M channels out


def se_bottleneck(
    C: int, D: int, E: int, F: int, strides: tuple[int, int], groups: int = 1, kernel: int = 1
) -> nn.Residual:
    """1x1 to D channels, 3x3 to E, 1x1 to F, squeeze and excitation

    strides  of the first two of them
    kernel   of the shortcut's convolution, where it has one
    """
    stride = strides[0] * strides[1]
    body = {
        "conv1": nn.Conv2d(C, D, 1, strides[0], bias=False),
        "bn1": nn.BatchNorm2d(D),
        "relu1": nn.ReLU(),
        "conv2": nn.Conv2d(D, E, 3, strides[1], padding=1, groups=groups, bias=False),
        "bn2": nn.BatchNorm2d(E),
        "relu2": nn.ReLU(),
        "conv3": nn.Conv2d(E, F, 1, bias=False),
        "bn3": nn.BatchNorm2d(F),
        "se_module": nn.SqueezeExcitation(F, F // REDUCTION),
    }
    if C == F and stride == 1:
        return nn.Residual(body, relu=True)
    conv = nn.Conv2d(C, F, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Residual(body, {"downsample": nn.Sequential(conv, nn.BatchNorm2d(F))}, relu=True)


class SENet(Network):
    """stem  the first layers, which give C channels with half as many rows and columns
    block    makes the residual blocks
    blocks   how many of them each of the four stages has
    width    M of the first stage
    """

    def __init__(
        self,
        stem: nn.Sequential,
        C: int,
        block: Block,
        blocks: tuple[int, int, int, int],
        width: int,
        num_classes: int,
        dropout: float,
    ):
        def stage(C: int, M: int, count: int, stride: int) -> nn.Sequential:
            return nn.Sequential(block(C, M, stride), *(block(4 * M, M, 1) for _ in range(count - 1)))

        W = width
        # for 224x224 pictures and width 64                                   (N, 3, 224, 224)
        self.layer0 = stem  #                                                 (N, C, 112, 112)
        self.pool0 = nn.MaxPool2d(3, stride=2, ceil_mode=True)  #             (N, C, 56, 56)
        self.layer1 = stage(C, W, blocks[0], stride=1)  #                     (N, 256, 56, 56)
        self.layer2 = stage(4 * W, 2 * W, blocks[1], stride=2)  #             (N, 512, 28, 28)
        self.layer3 = stage(8 * W, 4 * W, blocks[2], stride=2)  #             (N, 1024, 14, 14)
        self.layer4 = stage(16 * W, 8 * W, blocks[3], stride=2)  #            (N, 2048, 7, 7)
        self.global_pool = nn.AdaptiveAvgPool2d(1)  #                         (N, 2048, 1, 1)
        self.dropout = nn.Dropout(dropout)
        self.last_linear = nn.Linear(32 * W, num_classes)  #                  (N, num_classes)
        he_(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool0(self.layer0(x))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.last_linear(self.dropout(self.global_pool(x).flatten(1)))


def stem_7x7(in_channels: int, W: int) -> nn.Sequential:
    conv = nn.Conv2d(in_channels, W, 7, stride=2, padding=3, bias=False)
    return nn.Sequential({"conv1": conv, "bn1": nn.BatchNorm2d(W), "relu1": nn.ReLU()})


def stem_3x3(in_channels: int, W: int) -> nn.Sequential:
    layers: dict[str, nn.Module] = {}
    for i, (C, F, stride) in enumerate([(in_channels, W, 2), (W, W, 1), (W, 2 * W, 1)], 1):
        layers[f"conv{i}"] = nn.Conv2d(C, F, 3, stride, padding=1, bias=False)
        layers[f"bn{i}"], layers[f"relu{i}"] = nn.BatchNorm2d(F), nn.ReLU()
    return nn.Sequential(layers)


@model(year=2017, paper=PAPER, top1=(76.71, "the paper"))
def se_resnet50(num_classes: int = 1000, in_channels: int = 3, width: int = 64, dropout: float = 0.0) -> SENet:
    """50 layers; 28,088,024 parameters for 1000 classes."""

    def block(C: int, M: int, stride: int) -> nn.Residual:
        return se_bottleneck(C, M, M, 4 * M, (stride, 1))

    return SENet(stem_7x7(in_channels, width), width, block, (3, 4, 6, 3), width, num_classes, dropout)


@model(year=2017, paper=PAPER, top1=(78.9, "the paper"))
def se_resnext50_32x4d(num_classes: int = 1000, in_channels: int = 3, width: int = 64, dropout: float = 0.0) -> SENet:
    """50 layers; 27,559,896 parameters for 1000 classes."""

    def block(C: int, M: int, stride: int) -> nn.Residual:
        D = M * 4 // 64 * 32
        return se_bottleneck(C, D, D, 4 * M, (1, stride), groups=32)

    return SENet(stem_7x7(in_channels, width), width, block, (3, 4, 6, 3), width, num_classes, dropout)


@model(year=2017, paper="Hu et al. 2018, arXiv:1709.01507, appendix", top1=(81.32, "the paper"))
def senet154(
    num_classes: int = 1000, in_channels: int = 3, width: int = 64, dropout: float = 0.2, groups: int = 64
) -> SENet:
    """154 layers; 115,088,984 parameters for 1000 classes.   groups  of the 3x3 convolutions"""

    def block(C: int, M: int, stride: int) -> nn.Residual:
        return se_bottleneck(C, 2 * M, 4 * M, 4 * M, (1, stride), groups, kernel=3 if stride == 2 else 1)

    return SENet(stem_3x3(in_channels, width), 2 * width, block, (3, 8, 36, 3), width, num_classes, dropout)
