"""LeNet-5 as it is taught today.

LeCun, Bottou, Bengio and Haffner 1998, "Gradient-Based Learning Applied to Document
Recognition", section II.B.

Departures from the paper: the 28x28 digits are padded to 32x32 by the first convolution; sub-sampling
is a plain average, without weights, and tanh comes before it instead of after; C3 sees all six maps,
without the connection table; plain tanh x, not 1.7159 tanh(2x/3); the output is a dense layer with softmax
cross-entropy in place of the radial basis functions; weights begin as PyTorch's do.
"""

from __future__ import annotations

from tinyconv import nn
from tinyconv.tensor import Tensor

from .network import Network
from .registry import model


@model(year=1998, paper="LeCun et al. 1998, section II.B, as taught today", input=(1, 28, 28))
class LeNet5(Network):
    """Two convolutions and three dense layers: 61,706 parameters for 28x28 grey digits."""

    def __init__(self, num_classes: int = 10, in_channels: int = 1):
        self.features = nn.Sequential(  # (N, 1, 28, 28)
            nn.Conv2d(in_channels, 6, kernel_size=5, padding=2),  # (N, 6, 28, 28)   C1
            nn.Tanh(),
            nn.AvgPool2d(2),  # (N, 6, 14, 14)   S2
            nn.Conv2d(6, 16, kernel_size=5),  # (N, 16, 10, 10)  C3
            nn.Tanh(),
            nn.AvgPool2d(2),  # (N, 16, 5, 5)    S4
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),  # (N, 400)
            nn.Linear(16 * 5 * 5, 120),  # (N, 120)  C5
            nn.Tanh(),
            nn.Linear(120, 84),  # (N, 84)   F6
            nn.Tanh(),
            nn.Linear(84, num_classes),  # (N, 10)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x))
