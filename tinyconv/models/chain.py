"""Features, then dense layers: the form of AlexNet and of those that came after it."""

from __future__ import annotations

from tinyconv import nn
from tinyconv.tensor import Tensor

from .network import Network


class Chain(Network):
    """classifier(avgpool(features(x))): layers one after the other, in torchvision's three parts

    The average brings the features of a picture of any size to (pixels, pixels), which the dense layers were made for.
    Of the paper's pictures they have that size already, and it changes nothing.
    """

    def __init__(self, features: nn.Sequential, pixels: int, classifier: nn.Sequential):
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d(pixels)
        self.classifier = classifier

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def three_dense_layers(inputs: int, hidden: int, num_classes: int, dropout: float) -> nn.Sequential:
    """AlexNet's, by the names that Caffe gave them.   x (N, inputs)  ->  logits (N, num_classes)"""
    return nn.Sequential(
        {
            "fc6": nn.Linear(inputs, hidden),
            "relu6": nn.ReLU(),
            "drop6": nn.Dropout(dropout),
            "fc7": nn.Linear(hidden, hidden),
            "relu7": nn.ReLU(),
            "drop7": nn.Dropout(dropout),
            "fc8": nn.Linear(hidden, num_classes),
        }
    )
