"""AlexNet for small pictures, such as single cells under a microscope.

After Krizhevsky, Sutskever and Hinton 2012, "ImageNet Classification with Deep Convolutional Neural Networks",
section 3.

Departures from the paper: this is common practice, not the net of a paper. Against AlexNet it has 64x64 pixels of
one channel in place of 224x224 of three, so the first convolution is 5x5 with stride 1 instead of 11x11 with stride
4, which would leave 14x14 of them; as many filters as AlexNet has on one of its two GPUs; no local response
normalization; two dense layers of 512 units in place of 4096, since pictures of cells are thousands, not a million.
Weights begin as He et al. 2015 have it.
"""

from __future__ import annotations

from tinyconv import nn
from tinyconv.tensor import Tensor

from .network import Network
from .registry import model
from .weights import he_


@model(year=2012, paper="after Krizhevsky et al. 2012, section 3", input=(1, 64, 64))
class CellNet(Network):
    """x (N, in_channels, 64, 64)  ->  logits (N, num_classes): 4,405,090 parameters for two classes of grey cells

    width   filters of the first convolution
    hidden  units of the dense layers
    """

    def __init__(
        self, num_classes: int = 2, in_channels: int = 1, width: int = 48, hidden: int = 512, dropout: float = 0.5
    ):
        A, B, C = width, 8 * width // 3, 4 * width
        self.features = nn.Sequential(  #                     (N, 1, 64, 64)
            nn.Conv2d(in_channels, A, 5, padding=2),  #       (N, 48, 64, 64)
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),  #                     (N, 48, 31, 31)
            nn.Conv2d(A, B, 5, padding=2),  #                 (N, 128, 31, 31)
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),  #                     (N, 128, 15, 15)
            nn.Conv2d(B, C, 3, padding=1),  #                 (N, 192, 15, 15)
            nn.ReLU(),
            nn.Conv2d(C, C, 3, padding=1),  #                 (N, 192, 15, 15)
            nn.ReLU(),
            nn.Conv2d(C, B, 3, padding=1),  #                 (N, 128, 15, 15)
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2),  #                     (N, 128, 7, 7)
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),  #                                  (N, 6272)
            nn.Dropout(dropout),
            nn.Linear(B * 7 * 7, hidden),  #                  (N, 512)
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),  #                     (N, 512)
            nn.ReLU(),
            nn.Linear(hidden, num_classes),  #                (N, num_classes)
        )
        he_(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x))
