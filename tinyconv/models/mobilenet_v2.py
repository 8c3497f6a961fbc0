"""MobileNetV2: residual blocks that are wide inside and narrow at their ends, with depthwise convolutions.

Sandler, Howard, Zhu, Zhmoginov and Chen 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
arXiv:1801.04381, table 2.

Departures from the paper: the last 1x1 convolution, of one pixel, is a dense layer, which is the same; dropout comes
before it, as in the authors' code.
"""

from __future__ import annotations

from tinyconv import nn
from tinyconv.errors import ArgumentError
from tinyconv.ops.arguments import number
from tinyconv.tensor import Tensor

from .network import Network
from .registry import model
from .weights import he_

TABLE_2 = (
    # t  c   n  s     expansion, channels, how many blocks, stride of the first       for 224x224 pictures
    (1, 16, 1, 1),  #  (N, 16, 112, 112)
    (6, 24, 2, 2),  #  (N, 24, 56, 56)
    (6, 32, 3, 2),  #  (N, 32, 28, 28)
    (6, 64, 4, 2),  #  (N, 64, 14, 14)
    (6, 96, 3, 1),  #  (N, 96, 14, 14)
    (6, 160, 3, 2),  # (N, 160, 7, 7)
    (6, 320, 1, 1),  # (N, 320, 7, 7)
)


def conv(C: int, F: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU6."""
    layer = nn.Conv2d(C, F, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(F), nn.ReLU6())


def inverted_residual(C: int, F: int, stride: int, expansion: int) -> nn.Module:
    """Table 1: 1x1 to E = expansion C channels, 3x3 on each of them, 1x1 to F, with no ReLU after it."""
    E = expansion * C
    layers = [
        *([conv(C, E, 1)] if expansion > 1 else []),
        conv(E, E, 3, stride, groups=E),
        nn.Conv2d(E, F, 1, bias=False),
        nn.BatchNorm2d(F),
    ]
    parts = {"conv": nn.Sequential(*layers)}
    return nn.Residual(parts) if stride == 1 and C == F else nn.Sequential(parts)


class MobileNetV2(Network):
    """width_mult  all layers have that many times the channels of table 2, but the last convolution never fewer"""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, width_mult: float = 1.0, dropout: float = 0.2):
        if number("mobilenet_v2", "width_mult", width_mult) <= 0:
            raise ArgumentError("mobilenet_v2", f"width_mult is {width_mult!r}; it must be above 0.")
        C = eights(32 * width_mult)
        features: list[nn.Module] = [conv(in_channels, C, 3, stride=2)]  # (N, 32, 112, 112)
        for t, c, n, s in TABLE_2:
            F = eights(c * width_mult)
            for i in range(n):
                features.append(inverted_residual(C, F, s if i == 0 else 1, t))
                C = F
        last = eights(1280 * max(1.0, width_mult))
        features.append(conv(C, last, 1))  # (N, 1280, 7, 7)
        self.features = nn.Sequential(*features)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(last, num_classes))
        he_(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def eights(channels: float) -> int:
    """The nearest multiple of 8, at least 8; the next one if that were less than nine tenths."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8


@model(year=2018, paper="Sandler et al. 2018, arXiv:1801.04381, table 2", top1=(71.88, "torchvision"))
def mobilenet_v2(
    num_classes: int = 1000, in_channels: int = 3, width_mult: float = 1.0, dropout: float = 0.2
) -> MobileNetV2:
    """17 inverted residuals; 3,504,872 parameters for 1000 classes.   width_mult  as for MobileNetV2"""
    return MobileNetV2(num_classes, in_channels, width_mult, dropout)
