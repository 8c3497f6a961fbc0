"""GoogLeNet, the first Inception network.

Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke and Rabinovich 2015, "Going Deeper with Convolutions",
arXiv:1409.4842, table 1 and figure 3.

Departures from the paper: none in the layers. What it leaves open is as in Caffe's bvlc_googlenet: local response
normalisation over 5 channels with alpha = 1e-4, beta = 0.75; pooling rounds up, which gives the sizes of table 1. Of
pictures of other sizes the auxiliary classifiers average their maps to 4x4. Weights begin as He et al. have it.

torchvision's googlenet is another net, with batch norm: googlenet_bn.
"""

from __future__ import annotations

from typing import NamedTuple

from tinyconv import nn
from tinyconv.ops.loss import cross_entropy
from tinyconv.tensor import Tensor

from .network import Network
from .registry import model
from .weights import he_


class GoogLeNetOutputs(NamedTuple):
    """Logits (N, num_classes) of the net, and of the classifiers on the modules 4d and 4a."""

    logits: Tensor
    aux_logits2: Tensor
    aux_logits1: Tensor


class GoogLeNet(Network):
    """x (N, in_channels, H, W) -> logits; in training mode GoogLeNetOutputs, unless aux_logits is False

    aux_logits            it has the two auxiliary classifiers; they need pictures of at least 79x79
    dropout, dropout_aux  the shares that are dropped before the last layers, the net's and theirs
    `loss` is what to train it with:  net.loss(net(x), labels),  Trainer(net, ..., loss_fn=net.loss)
    """

    five, last = 5, 3  # the kernel of the branch called 5x5, and of the last max pooling

    @staticmethod
    def conv(C: int, F: int, kernel_size: int, stride: int = 1) -> nn.Sequential:
        layer = nn.Conv2d(C, F, kernel_size, stride, padding=kernel_size // 2)
        return nn.Sequential({"conv": layer, "relu": nn.ReLU()})

    @staticmethod
    def norm() -> nn.Module:
        return nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75)

    @staticmethod
    def pool_to_4x4() -> nn.Module:
        return nn.Sequential(nn.AvgPool2d(5, stride=3), nn.AdaptiveAvgPool2d(4))

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        aux_logits: bool = True,
        dropout: float = 0.4,
        dropout_aux: float = 0.7,
    ):
        conv, norm, inception = self.conv, self.norm, self.inception

        def halve(K: int = 3) -> nn.MaxPool2d:
            return nn.MaxPool2d(K, stride=2, ceil_mode=True)

        self.conv1 = conv(in_channels, 64, 7, stride=2)  # (N, 64, 112, 112)
        self.maxpool1, self.norm1 = halve(), norm()  # (N, 64, 56, 56)
        self.conv2 = conv(64, 64, 1)
        self.conv3 = conv(64, 192, 3)  # (N, 192, 56, 56)
        self.norm2, self.maxpool2 = norm(), halve()  # (N, 192, 28, 28)
        #                         in   1x1 3x3r 3x3 5x5r 5x5 pool proj
        self.inception3a = inception(192, 64, 96, 128, 16, 32, 32)  # (N, 256, 28, 28)
        self.inception3b = inception(256, 128, 128, 192, 32, 96, 64)  # (N, 480, 28, 28)
        self.maxpool3 = halve()  # (N, 480, 14, 14)
        self.inception4a = inception(480, 192, 96, 208, 16, 48, 64)  # (N, 512, 14, 14)
        self.inception4b = inception(512, 160, 112, 224, 24, 64, 64)  # (N, 512, 14, 14)
        self.inception4c = inception(512, 128, 128, 256, 24, 64, 64)  # (N, 512, 14, 14)
        self.inception4d = inception(512, 112, 144, 288, 32, 64, 64)  # (N, 528, 14, 14)
        self.inception4e = inception(528, 256, 160, 320, 32, 128, 128)  # (N, 832, 14, 14)
        self.maxpool4 = halve(self.last)  # (N, 832, 7, 7)
        self.inception5a = inception(832, 256, 160, 320, 32, 128, 128)  # (N, 832, 7, 7)
        self.inception5b = inception(832, 384, 192, 384, 48, 128, 128)  # (N, 1024, 7, 7)
        self.aux1 = self.auxiliary(512, num_classes, dropout_aux) if aux_logits else None
        self.aux2 = self.auxiliary(528, num_classes, dropout_aux) if aux_logits else None
        self.avgpool = nn.GlobalAvgPool2d()  # (N, 1024)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1024, num_classes)  # (N, num_classes)
        he_(self, mode="fan_in")

    def inception(self, C: int, F1: int, R3: int, F3: int, R5: int, F5: int, P: int) -> nn.Concat:
        """Figure 2b: convolutions of three sizes, and pooling, side by side.   C channels in, F1 + F3 + F5 + P out"""
        branches = {
            "branch1": self.conv(C, F1, 1),
            "branch2": nn.Sequential(self.conv(C, R3, 1), self.conv(R3, F3, 3)),
            "branch3": nn.Sequential(self.conv(C, R5, 1), self.conv(R5, F5, self.five)),
            "branch4": nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), self.conv(C, P, 1)),
        }
        return nn.Concat(branches)

    def auxiliary(self, C: int, num_classes: int, dropout: float) -> nn.Sequential:
        """Section 5: a small net that has to name the class too; its gradient goes to the lower modules directly."""
        head = {  # (N, C, 14, 14)
            "pool": self.pool_to_4x4(),  # (N, C, 4, 4)
            "conv": self.conv(C, 128, 1),  # (N, 128, 4, 4)
            "flatten": nn.Flatten(),
            "fc1": nn.Linear(128 * 4 * 4, 1024),  # (N, 1024)
            "relu": nn.ReLU(),
            "dropout": nn.Dropout(dropout),
            "fc2": nn.Linear(1024, num_classes),  # (N, num_classes)
        }
        return nn.Sequential(head)

    def forward(self, x: Tensor) -> Tensor | GoogLeNetOutputs:
        x = nn.run(x, self.conv1, self.maxpool1, self.norm1, self.conv2, self.conv3, self.norm2, self.maxpool2)
        x = nn.run(x, self.inception3a, self.inception3b, self.maxpool3)
        x4a = self.inception4a(x)
        x4d = nn.run(x4a, self.inception4b, self.inception4c, self.inception4d)
        x = nn.run(x4d, self.inception4e, self.maxpool4, self.inception5a, self.inception5b)
        logits = nn.run(x, self.avgpool, self.dropout, self.fc)
        if self.training and self.aux1 is not None and self.aux2 is not None:
            return GoogLeNetOutputs(logits, self.aux2(x4d), self.aux1(x4a))
        return logits

    @staticmethod
    def loss(outputs: Tensor | GoogLeNetOutputs, labels: Tensor) -> Tensor:
        """Cross entropy + 0.3 that of each auxiliary classifier (section 5); of logits alone, their own."""
        if isinstance(outputs, Tensor):
            return cross_entropy(outputs, labels)
        main, aux2, aux1 = (cross_entropy(logits, labels) for logits in outputs)
        return main + 0.3 * (aux2 + aux1)


@model(year=2014, paper="Szegedy et al. 2015, arXiv:1409.4842, table 1", top1=(68.7, "Caffe's bvlc_googlenet"))
def googlenet(
    num_classes: int = 1000,
    in_channels: int = 3,
    aux_logits: bool = True,
    dropout: float = 0.4,
    dropout_aux: float = 0.7,
) -> GoogLeNet:
    """6,998,552 parameters for 1000 classes; 13,378,280 with the auxiliary classifiers."""
    return GoogLeNet(num_classes, in_channels, aux_logits, dropout, dropout_aux)
