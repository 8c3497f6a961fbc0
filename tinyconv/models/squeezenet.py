"""SqueezeNet: AlexNet's accuracy with a fiftieth of its parameters.

Iandola, Han, Moskewicz, Ashraf, Dally and Keutzer 2016, "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters
and <0.5MB model size", arXiv:1602.07360, table 1. Version 1.1, with 2.4 times fewer multiply-adds, is their code's.

Departures from the paper: none in the layers. Table 1 has 111x111 pixels after the first convolution, which takes
pictures of 227x227; the sizes here are those of 224x224. Weights begin as He et al. have it; those of the last
convolution are of N(0, 0.01^2), as in the authors' code.
"""

from __future__ import annotations

from tinyconv import nn
from tinyconv.ops.join import cat
from tinyconv.tensor import Tensor

from .network import Network
from .registry import model
from .weights import he_

PAPER = "Iandola et al. 2016, arXiv:1602.07360"


class Fire(nn.Module):
    """Figure 1: few 1x1 filters, so that the 3x3 filters behind them see few channels.

    x (N, C, H, W) -> y (N, 2F, H, W): F channels of 1x1 filters and F of 3x3, of the S that the squeeze layer gives
    """

    def __init__(self, C: int, S: int, F: int):
        self.squeeze, self.squeeze_activation = nn.Conv2d(C, S, 1), nn.ReLU()
        self.expand1x1, self.expand1x1_activation = nn.Conv2d(S, F, 1), nn.ReLU()
        self.expand3x3, self.expand3x3_activation = nn.Conv2d(S, F, 3, padding=1), nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = nn.run(x, self.squeeze, self.squeeze_activation)
        a = nn.run(x, self.expand1x1, self.expand1x1_activation)
        b = nn.run(x, self.expand3x3, self.expand3x3_activation)
        return cat([a, b], dim=1)


def halve() -> nn.MaxPool2d:
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


class SqueezeNet(Network):
    """features  all layers up to fire9, which gives 512 channels;  dropout  the share of these that is dropped"""

    def __init__(self, features: list[nn.Module], num_classes: int, dropout: float):
        self.features = nn.Sequential(*features)  # (N, 512, 13, 13)
        conv10 = nn.Conv2d(512, num_classes, 1)  # (N, num_classes, 13, 13)
        self.classifier = nn.Sequential(nn.Dropout(dropout), conv10, nn.ReLU(), nn.GlobalAvgPool2d())
        he_(self, mode="fan_in")
        nn.init.normal_(conv10.weight, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x))


@model(year=2016, paper=f"{PAPER}, table 1", top1=(58.09, "torchvision"))
def squeezenet1_0(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> SqueezeNet:
    """1,248,424 parameters for 1000 classes."""
    features = [  # (N, 3, 224, 224)
        nn.Conv2d(in_channels, 96, 7, stride=2),  # (N, 96, 109, 109)
        nn.ReLU(),
        halve(),  # (N, 96, 54, 54)
        Fire(96, 16, 64),  # (N, 128, 54, 54)   fire2
        Fire(128, 16, 64),
        Fire(128, 32, 128),  # (N, 256, 54, 54)
        halve(),  # (N, 256, 27, 27)
        Fire(256, 32, 128),  # (N, 256, 27, 27)
        Fire(256, 48, 192),  # (N, 384, 27, 27)
        Fire(384, 48, 192),
        Fire(384, 64, 256),  # (N, 512, 27, 27)
        halve(),  # (N, 512, 13, 13)
        Fire(512, 64, 256),  # (N, 512, 13, 13)   fire9
    ]
    return SqueezeNet(features, num_classes, dropout)


@model(year=2016, paper=f"{PAPER}, and the authors' SqueezeNet_v1.1", top1=(58.18, "torchvision"))
def squeezenet1_1(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> SqueezeNet:
    """1,235,496 parameters for 1000 classes; a 3x3 convolution of 64 filters first, and pooling earlier."""
    features = [  # (N, 3, 224, 224)
        nn.Conv2d(in_channels, 64, 3, stride=2),  # (N, 64, 111, 111)
        nn.ReLU(),
        halve(),  # (N, 64, 55, 55)
        Fire(64, 16, 64),  # (N, 128, 55, 55)   fire2
        Fire(128, 16, 64),
        halve(),  # (N, 128, 27, 27)
        Fire(128, 32, 128),  # (N, 256, 27, 27)
        Fire(256, 32, 128),
        halve(),  # (N, 256, 13, 13)
        Fire(256, 48, 192),  # (N, 384, 13, 13)
        Fire(384, 48, 192),
        Fire(384, 64, 256),  # (N, 512, 13, 13)
        Fire(512, 64, 256),  # (N, 512, 13, 13)   fire9
    ]
    return SqueezeNet(features, num_classes, dropout)
