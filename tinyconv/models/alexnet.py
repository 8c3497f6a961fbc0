"""AlexNet, in two groups and as one tower.

Krizhevsky, Sutskever and Hinton 2012, "ImageNet Classification with Deep Convolutional Neural Networks", section 3.5,
figure 2; Krizhevsky 2014, "One Weird Trick for Parallelizing Convolutional Neural Networks", arXiv:1404.5997.

Departures from the paper: the halves of the net, which were on a GPU each, are groups of one convolution. Pictures have
227x227 pixels: of the 224x224 that the paper speaks of, filters of 11 with stride 4 do not make 55. Convolutions begin
as in `he_`, dense layers as PyTorch's, not as N(0, 0.01^2) with some biases of 1. The one tower is torchvision's: two
pixels of padding in the first layer for 224x224, no normalisation, the widths of 2014 (64, 192, 384, 256, 256).
"""

from __future__ import annotations

from tinyconv import nn

from .chain import Chain, three_dense_layers
from .registry import model
from .weights import he_


def normalisation() -> nn.LocalResponseNorm:
    """Section 3.3: k = 2, n = 5, alpha = 1e-4, beta = 0.75, where alpha is not divided by n."""
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)


@model(year=2012, paper="Krizhevsky et al. 2012, figure 2", input=(3, 227, 227), top1=(57.1, "Caffe, bvlc_alexnet"))
class AlexNet(Chain):
    """Five convolutions, three of them in two groups, and three dense layers: 60,965,224 parameters."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, hidden: int = 4096, dropout: float = 0.5):
        features = nn.Sequential(  # (N, 3, 227, 227)
            {
                "conv1": nn.Conv2d(in_channels, 96, 11, stride=4),  # (N, 96, 55, 55)
                "relu1": nn.ReLU(),
                "norm1": normalisation(),
                "pool1": nn.MaxPool2d(3, stride=2),  # (N, 96, 27, 27), windows overlap: section 3.4
                "conv2": nn.Conv2d(96, 256, 5, padding=2, groups=2),  # (N, 256, 27, 27)
                "relu2": nn.ReLU(),
                "norm2": normalisation(),
                "pool2": nn.MaxPool2d(3, stride=2),  # (N, 256, 13, 13)
                "conv3": nn.Conv2d(256, 384, 3, padding=1),  # (N, 384, 13, 13), both halves see all
                "relu3": nn.ReLU(),
                "conv4": nn.Conv2d(384, 384, 3, padding=1, groups=2),
                "relu4": nn.ReLU(),
                "conv5": nn.Conv2d(384, 256, 3, padding=1, groups=2),  # (N, 256, 13, 13)
                "relu5": nn.ReLU(),
                "pool5": nn.MaxPool2d(3, stride=2),  # (N, 256, 6, 6)
            }
        )
        super().__init__(features, 6, three_dense_layers(256 * 6 * 6, hidden, num_classes, dropout))
        he_(self)


@model(year=2014, paper="Krizhevsky 2014, arXiv:1404.5997", top1=(56.52, "torchvision"))
def alexnet_one_tower(num_classes: int = 1000, in_channels: int = 3, hidden: int = 4096, dropout: float = 0.5) -> Chain:
    """For one GPU: 61,100,840 parameters. torchvision's names."""
    features = nn.Sequential(  # (N, 3, 224, 224)
        nn.Conv2d(in_channels, 64, 11, stride=4, padding=2),  # (N, 64, 55, 55)
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),  # (N, 64, 27, 27)
        nn.Conv2d(64, 192, 5, padding=2),  # (N, 192, 27, 27)
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),  # (N, 192, 13, 13)
        nn.Conv2d(192, 384, 3, padding=1),  # (N, 384, 13, 13)
        nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1),  # (N, 256, 13, 13)
        nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),  # (N, 256, 6, 6)
    )
    classifier = nn.Sequential(
        nn.Dropout(dropout),
        nn.Linear(256 * 6 * 6, hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, num_classes),
    )
    net = Chain(features, 6, classifier)
    he_(net)
    return net
