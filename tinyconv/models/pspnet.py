"""Pyramid scene parsing network: a class for every pixel, seen together with regions of the picture of four sizes.

Zhao, Shi, Qi, Wang and Jia 2017, "Pyramid Scene Parsing Network", arXiv:1612.01105, sections 3.2 and 3.3, figures 3
and 4.

Departures from the paper: the residual net begins with one 7x7 convolution, where the weights that its authors
published have three of 3x3. Widths and the auxiliary classifier are those of their code: 2048/4 = 512 channels for
each size of region.
"""

from __future__ import annotations

from typing import Any

import tinyconv.nn.functional as F
from tinyconv import nn
from tinyconv.ops.join import cat
from tinyconv.tensor import Operand, Tensor

from .network import Network
from .registry import model
from .resnet import ResNet
from .weights import he_

PAPER = "Zhao et al. 2017, arXiv:1612.01105"
STAGES = "conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"


def dilate(stage: nn.Sequential, rate: int) -> None:
    """Have a stage of a ResNet give maps as large as those that it gets, `rate` times as dense as it once was given.

    The stride goes, and filters behind it look at pixels twice as far apart: at every second pixel stands what stood
    there before. The weights are the same.   Yu and Koltun 2016, arXiv:1511.07122
    """
    for conv in stage.modules():
        if isinstance(conv, nn.Conv2d):
            spread = rate if conv.stride == (2, 2) else 2 * rate
            if conv.kernel_size == (3, 3):
                conv.dilation = conv.padding = (spread, spread)
            conv.stride = (1, 1)


def resized(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, (like.shape[2], like.shape[3]), mode="bilinear", align_corners=True)


class PyramidPooling(nn.Module):
    """y = x, and x's means over 1, 2x2, 3x3 and 6x6 regions, each reduced to C/4 channels and enlarged again

    x (N, C, H, W)  ->  y (N, 2C, H, W)
    """

    def __init__(self, C: int, regions: tuple[int, ...] = (1, 2, 3, 6)):
        M = C // len(regions)
        self.levels = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(b), nn.Conv2d(C, M, 1, bias=False), nn.BatchNorm2d(M), nn.ReLU())
            for b in regions
        )

    def forward(self, x: Tensor) -> Tensor:
        return cat([x, *(resized(level(x), like=x) for level in self.levels)], 1)


def classifier(C: int, M: int, num_classes: int, dropout: float) -> list[nn.Module]:
    """(N, C, H, W) -> (N, num_classes, H, W)"""
    conv = nn.Conv2d(C, M, 3, padding=1, bias=False)
    return [conv, nn.BatchNorm2d(M), nn.ReLU(), nn.Dropout(dropout), nn.Conv2d(M, num_classes, 1)]


class PSPNet(Network):
    """x (N, in_channels, H, W)  ->  scores (N, num_classes, H, W); in training also those of the auxiliary classifier

    blocks  how many bottlenecks each stage of the residual net has
    width   channels inside those of the first stage
    """

    def __init__(
        self,
        blocks: tuple[int, int, int, int],
        num_classes: int = 150,
        in_channels: int = 3,
        width: int = 64,
        dropout: float = 0.1,
    ):
        net = ResNet(blocks, True, 1, in_channels, width)
        dilate(net.layer3, 1)
        dilate(net.layer4, 2)
        C = 32 * width
        # for 473x473 pictures and width 64                                                (N, 3, 473, 473)
        self.backbone = nn.Sequential({name: getattr(net, name) for name in STAGES})  #    (N, 2048, 60, 60)
        self.classifier = nn.Sequential(
            PyramidPooling(C),  #                                                          (N, 4096, 60, 60)
            *classifier(2 * C, C // 4, num_classes, dropout),  #                           (N, num_classes, 60, 60)
        )
        # from layer3                                                                      (N, 1024, 60, 60)
        self.aux_classifier = nn.Sequential(*classifier(C // 2, C // 8, num_classes, dropout))
        he_(self.classifier)
        he_(self.aux_classifier)

    def forward(self, x: Tensor) -> Any:
        *before, layer4 = self.backbone
        y = nn.run(x, *before)
        scores = resized(self.classifier(layer4(y)), like=x)
        return (scores, resized(self.aux_classifier(y), like=x)) if self.training else scores

    def loss(self, outputs: Any, labels: Operand, ignore_index: int = 255) -> Tensor:
        """Cross entropy of every pixel's class, labels (N, H, W), plus 0.4 times that of the auxiliary classifier.

        ignore_index  pixels with this label count nothing
        """
        entropy = nn.CrossEntropyLoss(ignore_index=ignore_index)
        return nn.WeightedLoss([entropy, entropy], [1, 0.4])(outputs, labels)


@model(year=2016, paper=PAPER, input=(3, 473, 473), task="segmentation")
def pspnet50(num_classes: int = 150, in_channels: int = 3, width: int = 64, dropout: float = 0.1) -> PSPNet:
    """On ResNet-50."""
    return PSPNet((3, 4, 6, 3), num_classes, in_channels, width, dropout)


@model(year=2016, paper=PAPER, input=(3, 473, 473), task="segmentation")
def pspnet101(num_classes: int = 150, in_channels: int = 3, width: int = 64, dropout: float = 0.1) -> PSPNet:
    """On ResNet-101."""
    return PSPNet((3, 4, 23, 3), num_classes, in_channels, width, dropout)
