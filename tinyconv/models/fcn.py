"""Fully convolutional network: a classifier whose dense layers are convolutions gives a class for every pixel.

Long, Shelhamer and Darrell 2015, "Fully Convolutional Networks for Semantic Segmentation", arXiv:1411.4038, figure 3
and section 4, on VGG's column D.

The weights of VGG's dense layers fit, read as filters: fc6 = classifier.0.weight.reshape(4096, 512, 7, 7).

Departures from the paper: fc6 has 3 pixels of padding, so that scores lie where their pixels are; the paper puts 100
around the picture and cuts the scores out. The last enlargement, which is not learned, is an interpolation; in the
paper it is a transposed convolution with the same weights, which mixes zeros in at the edge. The loss is the mean over
pixels, not their sum, so learning rates differ.
"""

from __future__ import annotations

import numpy as np

import tinyconv.nn.functional as F
from tinyconv import nn
from tinyconv.errors import ArgumentError
from tinyconv.tape import no_grad
from tinyconv.tensor import Operand, Tensor

from . import vgg
from .network import Network
from .registry import model
from .weights import he_

PAPER = "Long et al. 2015, arXiv:1411.4038, figure 3"


def scoring(C: int, K: int) -> nn.Conv2d:
    """Scores of K classes, at first 0: random ones learn neither faster nor better (section 4.3)."""
    layer = nn.Conv2d(C, K, 1)
    for p in layer.parameters():
        nn.init.zeros_(p)
    return layer


def twice(K: int) -> nn.ConvTranspose2d:
    """Twice as many rows and columns of scores of K classes, at first by bilinear interpolation: section 4.3

    w[k, k, i, j] = w_i w_j,  w = (1/4, 3/4, 3/4, 1/4),  and 0 from one class to another
    """
    layer = nn.ConvTranspose2d(K, K, 4, stride=2, padding=1, bias=False)
    line = np.array([0.25, 0.75, 0.75, 0.25], np.float32)
    with no_grad():
        layer.weight.copy_(np.eye(K, dtype=np.float32)[:, :, None, None] * np.outer(line, line))
    return layer


class FCN(Network):
    """x (N, in_channels, H, W)  ->  scores (N, num_classes, H, W)

    features  convolutions and five times max pooling, which halves: VGG's, or smaller ones; a Sequential
    stride    of the finest scores: 32; 16 adds those from the fourth pooling, 8 from the third too (figure 3)
    hidden    filters of fc6 and fc7
    Raises ArgumentError.
    """

    def __init__(
        self, features: nn.Sequential, stride: int, num_classes: int = 21, hidden: int = 4096, dropout: float = 0.5
    ):
        if stride not in (8, 16, 32):
            raise ArgumentError("FCN", f"stride is {stride!r}; it must be 32, 16 or 8.")
        channels = channels_of_pools(features)
        if len(channels) != 5 or not isinstance(features[-1], nn.MaxPool2d):
            problem = f"features has {len(channels)} max poolings; it must have five, and end in the last."
            raise ArgumentError("FCN", problem)
        K = num_classes
        # for 224x224 pictures and VGG's features                    (N, 3, 224, 224)
        self.features = features  #                                  (N, 512, 7, 7)
        self.dense = nn.Sequential(
            {
                "fc6": nn.Conv2d(channels[4], hidden, 7, padding=3),  # (N, 4096, 7, 7)
                "relu6": nn.ReLU(),
                "drop6": nn.Dropout(dropout),
                "fc7": nn.Conv2d(hidden, hidden, 1),
                "relu7": nn.ReLU(),
                "drop7": nn.Dropout(dropout),
            }
        )
        self.score = scoring(hidden, K)  #                           (N, K, 7, 7)
        if stride <= 16:
            self.score4 = scoring(channels[3], K)
            self.upscore5 = twice(K)  #                              (N, K, 14, 14)
        if stride == 8:
            self.score3 = scoring(channels[2], K)
            self.upscore4 = twice(K)  #                              (N, K, 28, 28)
        self.stride = stride
        he_(self.dense)

    def forward(self, x: Tensor) -> Tensor:
        y, pools, layers = x, [], []
        for layer in self.features:
            layers.append(layer)
            if isinstance(layer, nn.MaxPool2d):
                y, layers = nn.run(y, *layers), []
                pools.append(y)
        y = self.score(self.dense(y))
        if self.stride <= 16:
            y = self.upscore5(y, pools[3].shape[2:]) + self.score4(pools[3])
        if self.stride == 8:
            y = self.upscore4(y, pools[2].shape[2:]) + self.score3(pools[2])
        return F.interpolate(y, (x.shape[2], x.shape[3]), mode="bilinear")  # (N, K, 224, 224)

    def loss(self, scores: Tensor, labels: Operand, ignore_index: int = 255) -> Tensor:
        """Mean cross entropy of every pixel's class, labels (N, H, W); pixels labelled ignore_index count nothing."""
        return F.cross_entropy(scores, labels, ignore_index=ignore_index)


def channels_of_pools(features: nn.Sequential) -> list[int]:
    """How many channels each max pooling has."""
    found, C = [], 0
    for layer in features:
        C = getattr(layer, "out_channels", C)
        found += [C] if isinstance(layer, nn.MaxPool2d) else []
    return found


def on_vgg16(stride: int, num_classes: int, in_channels: int, width: int, hidden: int, dropout: float) -> FCN:
    """width: filters of VGG's first convolution, 64 there"""
    features = nn.Sequential(*vgg.layers("D", in_channels, width=width))
    he_(features)
    return FCN(features, stride, num_classes, hidden, dropout)


@model(year=2014, paper=PAPER, task="segmentation")
def fcn32s(
    num_classes: int = 21, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> FCN:
    """Scores at every 32nd pixel."""
    return on_vgg16(32, num_classes, in_channels, width, hidden, dropout)


@model(year=2014, paper=PAPER, task="segmentation")
def fcn16s(
    num_classes: int = 21, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> FCN:
    """With those of the fourth pooling, at every 16th."""
    return on_vgg16(16, num_classes, in_channels, width, hidden, dropout)


@model(year=2014, paper=PAPER, task="segmentation")
def fcn8s(
    num_classes: int = 21, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> FCN:
    """With those of the third too, at every 8th."""
    return on_vgg16(8, num_classes, in_channels, width, hidden, dropout)
