"""CaffeNet: AlexNet as Caffe shipped it.

Jia et al. 2014, "Caffe: Convolutional Architecture for Fast Feature Embedding", arXiv:1408.5093; its model
bvlc_reference_caffenet. It is AlexNet (Krizhevsky et al. 2012) with pooling before normalisation, so that four times
fewer numbers are normalised.

Departures from the original: convolutions begin as in `he_`, dense layers as PyTorch's, not as N(0, 0.01^2) and
N(0, 0.005^2) with some biases of 1.
"""

from __future__ import annotations

from tinyconv import nn

from .chain import Chain, three_dense_layers
from .registry import model
from .weights import he_


def normalisation() -> nn.LocalResponseNorm:
    """Caffe divides alpha by n, as PyTorch does, and k is 1."""
    return nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1)


@model(year=2014, paper="Jia et al. 2014, arXiv:1408.5093", input=(3, 227, 227), top1=(57.4, "Caffe"))
class CaffeNet(Chain):
    """As many parameters as AlexNet: 60,965,224. The names are Caffe's."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, hidden: int = 4096, dropout: float = 0.5):
        features = nn.Sequential(  # (N, 3, 227, 227)
            {
                "conv1": nn.Conv2d(in_channels, 96, 11, stride=4),  # (N, 96, 55, 55)
                "relu1": nn.ReLU(),
                "pool1": nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (N, 96, 27, 27)
                "norm1": normalisation(),
                "conv2": nn.Conv2d(96, 256, 5, padding=2, groups=2),  # (N, 256, 27, 27)
                "relu2": nn.ReLU(),
                "pool2": nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (N, 256, 13, 13)
                "norm2": normalisation(),
                "conv3": nn.Conv2d(256, 384, 3, padding=1),  # (N, 384, 13, 13)
                "relu3": nn.ReLU(),
                "conv4": nn.Conv2d(384, 384, 3, padding=1, groups=2),
                "relu4": nn.ReLU(),
                "conv5": nn.Conv2d(384, 256, 3, padding=1, groups=2),  # (N, 256, 13, 13)
                "relu5": nn.ReLU(),
                "pool5": nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (N, 256, 6, 6)
            }
        )
        super().__init__(features, 6, three_dense_layers(256 * 6 * 6, hidden, num_classes, dropout))
        he_(self)
