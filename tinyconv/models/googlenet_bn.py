"""GoogLeNet with batch norm: what torchvision calls googlenet, and whose weights it has.

Szegedy et al. 2015, "Going Deeper with Convolutions", arXiv:1409.4842, table 1; Ioffe and Szegedy 2015,
arXiv:1502.03167.

Departures from the first paper: batch norm after every convolution, in the place of biases and local response
normalisation; 3x3 convolutions in the place of the 5x5 ones; 2x2 in the place of 3x3 in the last max pooling; the
auxiliary classifiers pool their maps to 4x4, whatever their size; dropout of 0.2, not 0.4, before the last layer.
"""

from __future__ import annotations

from tinyconv import nn

from .conv_bn_relu import conv_bn_relu
from .googlenet import GoogLeNet
from .registry import model


class GoogLeNetBN(GoogLeNet):
    """GoogLeNet in all that is not said here; the auxiliary classifiers take pictures of any size."""

    five, last = 3, 2

    @staticmethod
    def conv(C: int, F: int, kernel_size: int, stride: int = 1) -> nn.Sequential:
        return conv_bn_relu(C, F, kernel_size, stride, padding=kernel_size // 2)

    @staticmethod
    def norm() -> nn.Module:
        return nn.Identity()

    @staticmethod
    def pool_to_4x4() -> nn.Module:
        return nn.AdaptiveAvgPool2d(4)


@model(year=2015, paper="Szegedy et al. 2015, arXiv:1409.4842, with batch norm", top1=(69.78, "torchvision"))
def googlenet_bn(
    num_classes: int = 1000,
    in_channels: int = 3,
    aux_logits: bool = True,
    dropout: float = 0.2,
    dropout_aux: float = 0.7,
) -> GoogLeNetBN:
    """6,624,904 parameters for 1000 classes; 13,004,888 with the auxiliary classifiers."""
    return GoogLeNetBN(num_classes, in_channels, aux_logits, dropout, dropout_aux)
