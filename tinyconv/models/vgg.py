"""VGG: 3x3 convolutions and nothing else, deeper and deeper.

Simonyan and Zisserman 2015, "Very Deep Convolutional Networks for Large-Scale Image Recognition", arXiv:1409.1556,
table 1.

Departures from the paper: convolutions begin as in `he_`, dense layers as PyTorch's, not all as N(0, 0.01^2), which
needed a shallower net to be trained first. The paper is older than batch norm: nets with it are in vgg_bn.py.
"""

from __future__ import annotations

from tinyconv import nn

from .alexnet import normalisation
from .chain import Chain
from .registry import model
from .weights import he_

PAPER = "Simonyan and Zisserman 2015, arXiv:1409.1556, table 1,"

TABLE_1 = {  # filters of 3x3 convolutions, 1x1: of such; M: max pooling, 2x2; LRN: local response normalisation
    "A": "64 M 128 M 256 256 M 512 512 M 512 512 M",
    "A-LRN": "64 LRN M 128 M 256 256 M 512 512 M 512 512 M",
    "B": "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M",
    "C": "64 64 M 128 128 M 256 256 1x1-256 M 512 512 1x1-512 M 512 512 1x1-512 M",
    "D": "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
    "E": "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
}


class VGG(Chain):
    """column of table 1, with or without batch norm

    width   filters of the first convolution; the others' in proportion
    hidden  outputs of the first two dense layers, with dropout after each
    """

    def __init__(
        self,
        column: str,
        batch_norm: bool,
        num_classes: int = 1000,
        in_channels: int = 3,
        width: int = 64,
        hidden: int = 4096,
        dropout: float = 0.5,
    ):
        # (N, 3, 224, 224), halved by each M to 112, 56, 28, 14 and (N, 512, 7, 7)
        features = nn.Sequential(*layers(column, in_channels, batch_norm, width))
        classifier = nn.Sequential(
            *(nn.Linear(8 * width * 7 * 7, hidden), nn.ReLU(), nn.Dropout(dropout)),  # (N, 4096)
            *(nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(dropout)),
            nn.Linear(hidden, num_classes),  # (N, 1000)
        )
        super().__init__(features, 7, classifier)
        he_(self)


def layers(column: str, C: int, batch_norm: bool = False, width: int = 64) -> list[nn.Module]:
    """What stands in a column of table 1 above the dense layers."""
    found: list[nn.Module] = []
    for entry in TABLE_1[column].split():
        if entry == "M":
            found.append(nn.MaxPool2d(2))
        elif entry == "LRN":
            found.append(normalisation())
        else:
            K, filters = (1, entry[4:]) if entry.startswith("1x1-") else (3, entry)
            F = int(filters) * width // 64
            norm = [nn.BatchNorm2d(F)] if batch_norm else []
            found += [nn.Conv2d(C, F, K, padding=K // 2), *norm, nn.ReLU()]
            C = F
    return found


@model(year=2014, paper=f"{PAPER} A", top1=(69.02, "torchvision"))
def vgg11(
    num_classes: int = 1000, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> VGG:
    """Column A, 11 layers with weights: 132,863,336 parameters."""
    return VGG("A", False, num_classes, in_channels, width, hidden, dropout)


@model(year=2014, paper=f"{PAPER} A-LRN")
def vgg11_lrn(
    num_classes: int = 1000, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> VGG:
    """Column A-LRN, with local response normalisation after the first layer: 132,863,336 parameters."""
    return VGG("A-LRN", False, num_classes, in_channels, width, hidden, dropout)


@model(year=2014, paper=f"{PAPER} B", top1=(69.93, "torchvision"))
def vgg13(
    num_classes: int = 1000, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> VGG:
    """Column B, 13 layers with weights: 133,047,848 parameters."""
    return VGG("B", False, num_classes, in_channels, width, hidden, dropout)


@model(year=2014, paper=f"{PAPER} C")
def vgg16_c(
    num_classes: int = 1000, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> VGG:
    """Column C, 16 layers with weights, three of them 1x1 convolutions: 133,638,952 parameters."""
    return VGG("C", False, num_classes, in_channels, width, hidden, dropout)


@model(year=2014, paper=f"{PAPER} D", top1=(71.59, "torchvision"))
def vgg16(
    num_classes: int = 1000, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> VGG:
    """Column D, 16 layers with weights: 138,357,544 parameters."""
    return VGG("D", False, num_classes, in_channels, width, hidden, dropout)


@model(year=2014, paper=f"{PAPER} E", top1=(72.38, "torchvision"))
def vgg19(
    num_classes: int = 1000, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> VGG:
    """Column E, 19 layers with weights: 143,667,240 parameters."""
    return VGG("E", False, num_classes, in_channels, width, hidden, dropout)
