"""Inception-v3. Its modules are in inception_v3_modules.py.

Szegedy, Vanhoucke, Ioffe, Shlens and Wojna 2016, "Rethinking the Inception Architecture for Computer Vision",
arXiv:1512.00567, table 1.

Departures from the paper: what it leaves open is as in the net that Google published, and so are the layers before the
modules: a 1x1 convolution of 80 filters, a 3x3 one of 192 and a max pooling in the place of table 1's last three 3x3
convolutions. The auxiliary classifier counts 0.4 in the loss. Average pooling counts the padding, as in torchvision.
Weights begin as He et al. have it.
"""

from __future__ import annotations

from typing import NamedTuple

from tinyconv import nn
from tinyconv.ops.loss import cross_entropy
from tinyconv.tensor import Tensor

from .conv_bn_relu import conv_bn_relu as conv
from .inception_v3_modules import InceptionE, auxiliary, inception_a, inception_c, reduction_b, reduction_d
from .network import Network
from .registry import model
from .weights import he_


class InceptionOutputs(NamedTuple):
    """Logits (N, num_classes) of the net, and of the classifier on the last module of 17x17 pixels."""

    logits: Tensor
    aux_logits: Tensor


class InceptionV3(Network):
    """x (N, in_channels, H, W) -> logits; in training mode InceptionOutputs, unless aux_logits is False

    aux_logits  it has the auxiliary classifier, whose 5x5 filters need pictures of nearly the paper's size
    dropout     the share that is dropped before the last layer
    `loss` is what to train it with:  net.loss(net(x), labels),  Trainer(net, ..., loss_fn=net.loss)
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, aux_logits: bool = True, dropout: float = 0.5):
        # for pictures of 299x299
        self.Conv2d_1a_3x3 = conv(in_channels, 32, 3, stride=2, padding="valid")  # (N, 32, 149, 149)
        self.Conv2d_2a_3x3 = conv(32, 32, 3, padding="valid")  # (N, 32, 147, 147)
        self.Conv2d_2b_3x3 = conv(32, 64, 3)  # (N, 64, 147, 147)
        self.maxpool1 = nn.MaxPool2d(3, stride=2)  # (N, 64, 73, 73)
        self.Conv2d_3b_1x1 = conv(64, 80, 1)  # (N, 80, 73, 73)
        self.Conv2d_4a_3x3 = conv(80, 192, 3, padding="valid")  # (N, 192, 71, 71)
        self.maxpool2 = nn.MaxPool2d(3, stride=2)  # (N, 192, 35, 35)
        self.Mixed_5b = inception_a(192, 32)  # (N, 256, 35, 35)
        self.Mixed_5c = inception_a(256, 64)  # (N, 288, 35, 35)
        self.Mixed_5d = inception_a(288, 64)  # (N, 288, 35, 35)
        self.Mixed_6a = reduction_b(288)  # (N, 768, 17, 17)
        self.Mixed_6b = inception_c(768, 128)  # (N, 768, 17, 17)
        self.Mixed_6c = inception_c(768, 160)  # (N, 768, 17, 17)
        self.Mixed_6d = inception_c(768, 160)  # (N, 768, 17, 17)
        self.Mixed_6e = inception_c(768, 192)  # (N, 768, 17, 17)
        self.AuxLogits = auxiliary(768, num_classes) if aux_logits else None
        self.Mixed_7a = reduction_d(768)  # (N, 1280, 8, 8)
        self.Mixed_7b = InceptionE(1280)  # (N, 2048, 8, 8)
        self.Mixed_7c = InceptionE(2048)  # (N, 2048, 8, 8)
        self.avgpool = nn.GlobalAvgPool2d()  # (N, 2048)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(2048, num_classes)  # (N, num_classes)
        he_(self)

    def forward(self, x: Tensor) -> Tensor | InceptionOutputs:
        x = nn.run(x, self.Conv2d_1a_3x3, self.Conv2d_2a_3x3, self.Conv2d_2b_3x3, self.maxpool1)
        x = nn.run(x, self.Conv2d_3b_1x1, self.Conv2d_4a_3x3, self.maxpool2)
        x = nn.run(x, self.Mixed_5b, self.Mixed_5c, self.Mixed_5d)
        x6e = nn.run(x, self.Mixed_6a, self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e)
        x = nn.run(x6e, self.Mixed_7a, self.Mixed_7b, self.Mixed_7c)
        logits = nn.run(x, self.avgpool, self.dropout, self.fc)
        if self.training and self.AuxLogits is not None:
            return InceptionOutputs(logits, self.AuxLogits(x6e))
        return logits

    @staticmethod
    def loss(outputs: Tensor | InceptionOutputs, labels: Tensor) -> Tensor:
        """Cross entropy + 0.4 that of the auxiliary classifier; of logits alone, their own."""
        if isinstance(outputs, Tensor):
            return cross_entropy(outputs, labels)
        return cross_entropy(outputs.logits, labels) + 0.4 * cross_entropy(outputs.aux_logits, labels)


@model(
    year=2015,
    paper="Szegedy et al. 2016, arXiv:1512.00567, table 1",
    input=(3, 299, 299),
    top1=(77.29, "torchvision"),
)
def inception_v3(
    num_classes: int = 1000, in_channels: int = 3, aux_logits: bool = True, dropout: float = 0.5
) -> InceptionV3:
    """23,834,568 parameters for 1000 classes; 27,161,264 with the auxiliary classifier."""
    return InceptionV3(num_classes, in_channels, aux_logits, dropout)
