"""ZFNet: AlexNet, improved by looking into it.

Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", arXiv:1311.2901, figure 3. The first
layer's filters are smaller and closer together, 7x7 with stride 2 instead of 11x11 with stride 4, for they had left
out middle frequencies and the second layer showed aliasing; and there are no groups.

Departures from the paper: its contrast normalisation across feature maps has no formula, and is AlexNet's here. Padding
is not mentioned: one pixel in the first layer and pooling that rounds up give the sizes of the figure, 110, 55, 26, 13,
6. Convolutions begin as in `he_`, dense layers as PyTorch's, not as 0.01 with biases of 0. Filters are not renormalised
while training.
"""

from __future__ import annotations

from tinyconv import nn

from .alexnet import normalisation
from .chain import Chain, three_dense_layers
from .registry import model
from .weights import he_


@model(year=2013, paper="Zeiler and Fergus 2014, arXiv:1311.2901, figure 3")
class ZFNet(Chain):
    """Five convolutions and three dense layers: 62,357,608 parameters."""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, hidden: int = 4096, dropout: float = 0.5):
        features = nn.Sequential(  # (N, 3, 224, 224)
            {
                "conv1": nn.Conv2d(in_channels, 96, 7, stride=2, padding=1),  # (N, 96, 110, 110)
                "relu1": nn.ReLU(),
                "pool1": nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (N, 96, 55, 55)
                "norm1": normalisation(),
                "conv2": nn.Conv2d(96, 256, 5, stride=2),  # (N, 256, 26, 26)
                "relu2": nn.ReLU(),
                "pool2": nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (N, 256, 13, 13)
                "norm2": normalisation(),
                "conv3": nn.Conv2d(256, 384, 3, padding=1),  # (N, 384, 13, 13)
                "relu3": nn.ReLU(),
                "conv4": nn.Conv2d(384, 384, 3, padding=1),
                "relu4": nn.ReLU(),
                "conv5": nn.Conv2d(384, 256, 3, padding=1),  # (N, 256, 13, 13)
                "relu5": nn.ReLU(),
                "pool5": nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (N, 256, 6, 6)
            }
        )
        super().__init__(features, 6, three_dense_layers(256 * 6 * 6, hidden, num_classes, dropout))
        he_(self)
