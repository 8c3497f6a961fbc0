"""All-CNN: nets without pooling, and those that they are compared with.

Springenberg, Dosovitskiy, Brox and Riedmiller 2015, "Striving for Simplicity: The All Convolutional Net",
arXiv:1412.6806. Three models (table 1), each in four variants (table 2):

    cnn_x           max pooling, 3x3 with stride 2
    strided_cnn_x   none: the convolution before it has the stride
    convpool_cnn_x  one more convolution before the pooling, 3x3 as it is
    all_cnn_x       that convolution in the pooling's place, with its stride

Departures from the paper: none known. It says little of padding: with as much as keeps the size everywhere but in the
3x3 convolution before the last two layers, and pooling that rounds up, the mean is over 6x6 pixels as it should be.
Convolutions begin as in `he_`.
"""

from __future__ import annotations

from tinyconv import nn

from .network import Network
from .registry import model
from .weights import he_

PAPER = "Springenberg et al. 2015, arXiv:1412.6806, table"

KERNELS = {"A": (5,), "B": (5, 1), "C": (3, 3)}  # table 1: the convolutions before each pooling


class AllCNN(Network, nn.Sequential):
    """column   of table 1: "A", "B" or "C"

    variant  "pool", "strided", "convpool" or "all"
    width    filters of the first third; the others have twice as many
    """

    def __init__(self, column: str, variant: str, num_classes: int, in_channels: int, width: int):
        W = width
        super().__init__(
            # for 32x32 pictures and width 96                      (N, 3, 32, 32)
            nn.Dropout(0.2),
            *third(in_channels, W, KERNELS[column], variant),  #    (N, 96, 16, 16)
            nn.Dropout(0.5),
            *third(W, 2 * W, KERNELS[column], variant),  #          (N, 192, 8, 8)
            nn.Dropout(0.5),
            *(nn.Conv2d(2 * W, 2 * W, 3), nn.ReLU()),  #            (N, 192, 6, 6)
            *(nn.Conv2d(2 * W, 2 * W, 1), nn.ReLU()),
            *(nn.Conv2d(2 * W, num_classes, 1), nn.ReLU()),  #      (N, 10, 6, 6)
            nn.GlobalAvgPool2d(),  #                                (N, 10)
        )
        he_(self)


def third(C: int, W: int, kernels: tuple[int, ...], variant: str) -> list[nn.Module]:
    """Convolutions of W filters, and what halves the picture.   x (N, C, H, W)  ->  (N, W, H/2, W/2)"""
    convolutions = {
        "pool": [(K, 1) for K in kernels],
        "strided": [*((K, 1) for K in kernels[:-1]), (kernels[-1], 2)],
        "convpool": [*((K, 1) for K in kernels), (3, 1)],
        "all": [*((K, 1) for K in kernels), (3, 2)],
    }
    layers: list[nn.Module] = []
    for K, stride in convolutions[variant]:
        layers += [nn.Conv2d(C, W, K, stride, padding=K // 2), nn.ReLU()]
        C = W
    if variant in ("pool", "convpool"):
        layers.append(nn.MaxPool2d(3, stride=2, ceil_mode=True))
    return layers


@model(year=2014, paper=f"{PAPER} 1, A", input=(3, 32, 32))
def cnn_a(num_classes: int = 10, in_channels: int = 3, width: int = 96) -> AllCNN:
    """5x5 convolutions and max pooling: 839,242 parameters."""
    return AllCNN("A", "pool", num_classes, in_channels, width)


@model(year=2014, paper=f"{PAPER} 1, B", input=(3, 32, 32))
def cnn_b(num_classes: int = 10, in_channels: int = 3, width: int = 96) -> AllCNN:
    """A 1x1 convolution after each 5x5, max pooling: 885,610 parameters."""
    return AllCNN("B", "pool", num_classes, in_channels, width)


@model(year=2014, paper=f"{PAPER} 1, C", input=(3, 32, 32))
def cnn_c(num_classes: int = 10, in_channels: int = 3, width: int = 96) -> AllCNN:
    """Two 3x3 convolutions in place of each 5x5, max pooling: 954,730 parameters."""
    return AllCNN("C", "pool", num_classes, in_channels, width)


@model(year=2014, paper=f"{PAPER} 2", input=(3, 32, 32))
def strided_cnn_a(num_classes: int = 10, in_channels: int = 3, width: int = 96) -> AllCNN:
    """Model A whose 5x5 convolutions have stride 2 instead of pooling: 839,242 parameters."""
    return AllCNN("A", "strided", num_classes, in_channels, width)


@model(year=2014, paper=f"{PAPER} 2", input=(3, 32, 32))
def strided_cnn_b(num_classes: int = 10, in_channels: int = 3, width: int = 96) -> AllCNN:
    """Model B whose first 1x1 convolutions have stride 2 instead of pooling: 885,610 parameters."""
    return AllCNN("B", "strided", num_classes, in_channels, width)


@model(year=2014, paper=f"{PAPER} 2", input=(3, 32, 32))
def strided_cnn_c(num_classes: int = 10, in_channels: int = 3, width: int = 96) -> AllCNN:
    """Model C in which every second 3x3 convolution has stride 2 instead of pooling: 954,730 parameters."""
    return AllCNN("C", "strided", num_classes, in_channels, width)


@model(year=2014, paper=f"{PAPER} 2", input=(3, 32, 32))
def convpool_cnn_a(num_classes: int = 10, in_channels: int = 3, width: int = 96) -> AllCNN:
    """Model A with a 3x3 convolution before each pooling: 1,254,250 parameters."""
    return AllCNN("A", "convpool", num_classes, in_channels, width)


@model(year=2014, paper=f"{PAPER} 2", input=(3, 32, 32))
def convpool_cnn_b(num_classes: int = 10, in_channels: int = 3, width: int = 96) -> AllCNN:
    """Model B with a 3x3 convolution before each pooling: 1,300,618 parameters."""
    return AllCNN("B", "convpool", num_classes, in_channels, width)


@model(year=2014, paper=f"{PAPER} 2", input=(3, 32, 32))
def convpool_cnn_c(num_classes: int = 10, in_channels: int = 3, width: int = 96) -> AllCNN:
    """Model C with a third 3x3 convolution before each pooling: 1,369,738 parameters."""
    return AllCNN("C", "convpool", num_classes, in_channels, width)


@model(year=2014, paper=f"{PAPER} 2", input=(3, 32, 32))
def all_cnn_a(num_classes: int = 10, in_channels: int = 3, width: int = 96) -> AllCNN:
    """Model A with 3x3 convolutions of stride 2 for pooling: 1,254,250 parameters."""
    return AllCNN("A", "all", num_classes, in_channels, width)


@model(year=2014, paper=f"{PAPER} 2", input=(3, 32, 32))
def all_cnn_b(num_classes: int = 10, in_channels: int = 3, width: int = 96) -> AllCNN:
    """Model B with 3x3 convolutions of stride 2 for pooling: 1,300,618 parameters."""
    return AllCNN("B", "all", num_classes, in_channels, width)


@model(year=2014, paper=f"{PAPER} 2", input=(3, 32, 32))
def all_cnn_c(num_classes: int = 10, in_channels: int = 3, width: int = 96) -> AllCNN:
    """Model C with 3x3 convolutions of stride 2 for pooling: 1,369,738 parameters."""
    return AllCNN("C", "all", num_classes, in_channels, width)
