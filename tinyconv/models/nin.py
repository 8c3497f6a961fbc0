"""Network in Network.

Lin, Chen and Yan 2014, "Network In Network", arXiv:1312.4400, figure 2, for CIFAR-10: each convolution is followed by
dense layers that go over the picture as it does (1x1 convolutions, an "mlpconv" layer together), and the mean of a map
over the picture is its class's logit, without any dense layer at the end.

Departures from the paper: none known. Widths and windows, which it does not give, are those of the definition that its
authors published; the pooling after the second mlpconv is a maximum, as section 4.1 says, where that definition has a
mean. Convolutions begin as in `he_`.
"""

from __future__ import annotations

from tinyconv import nn

from .network import Network
from .registry import model
from .weights import he_


@model(year=2013, paper="Lin, Chen and Yan 2014, arXiv:1312.4400, figure 2", input=(3, 32, 32))
class NIN(Network, nn.Sequential):
    """Three mlpconv layers: 966,986 parameters. cccp is the authors' name for a 1x1 convolution (section 3.1)."""

    def __init__(self, num_classes: int = 10, in_channels: int = 3, dropout: float = 0.5):
        super().__init__(
            {  # (N, 3, 32, 32)
                "conv1": nn.Conv2d(in_channels, 192, 5, padding=2),  # (N, 192, 32, 32)
                "relu1": nn.ReLU(),
                "cccp1": nn.Conv2d(192, 160, 1),  # (N, 160, 32, 32)
                "relu_cccp1": nn.ReLU(),
                "cccp2": nn.Conv2d(160, 96, 1),  # (N, 96, 32, 32)
                "relu_cccp2": nn.ReLU(),
                "pool1": nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (N, 96, 16, 16)
                "drop1": nn.Dropout(dropout),
                "conv2": nn.Conv2d(96, 192, 5, padding=2),  # (N, 192, 16, 16)
                "relu2": nn.ReLU(),
                "cccp3": nn.Conv2d(192, 192, 1),
                "relu_cccp3": nn.ReLU(),
                "cccp4": nn.Conv2d(192, 192, 1),
                "relu_cccp4": nn.ReLU(),
                "pool2": nn.MaxPool2d(3, stride=2, ceil_mode=True),  # (N, 192, 8, 8)
                "drop2": nn.Dropout(dropout),
                "conv3": nn.Conv2d(192, 192, 3, padding=1),  # (N, 192, 8, 8)
                "relu3": nn.ReLU(),
                "cccp5": nn.Conv2d(192, 192, 1),
                "relu_cccp5": nn.ReLU(),
                "cccp6": nn.Conv2d(192, num_classes, 1),  # (N, 10, 8, 8), a map for each class
                "relu_cccp6": nn.ReLU(),
                "mean": nn.GlobalAvgPool2d(),  # (N, 10)
            }
        )
        he_(self)
