"""Inception-ResNet-v1 and -v2: Inception blocks around which x is carried past, and whose result is scaled down.

Szegedy, Ioffe, Vanhoucke and Alemi 2017, "Inception-v4, Inception-ResNet and the Impact of Residual Connections on
Learning", arXiv:1602.07261, figures 7 and 10 to 19.

Departures from the paper: v1 has none. v2 is the net whose weights the authors published, and which everybody means by
that name. Against figure 15 it has twice as many blocks (10, 20, 10); after the first layers of figure 14, not those
of figure 3, an Inception block; 320, 1088 and 2080 channels where the figures have 384, 1154 and 2048; after the last
block, which is not scaled, a 1x1 convolution in place of ReLU. Both are scaled by 0.17, 0.10 and 0.20, where section
3.3 says 0.1 to 0.3. Weights begin as He et al. have it; the paper does not say.
"""

from __future__ import annotations

from tinyconv import nn
from tinyconv.ops.join import cat
from tinyconv.tensor import Tensor

from .conv_bn_relu import conv_bn_relu as conv
from .inception_v4 import average, branches, reduction_a
from .network import Network
from .registry import model
from .weights import he_

PAPER = "Szegedy et al. 2017, arXiv:1602.07261"


class Block(nn.Module):
    """y = relu(x + scale W [f_0(x), f_1(x), ...]):  W is a 1x1 convolution without batch norm (sections 3.2, 3.3)

    C, F   channels of x, and of all f_i(x) together
    scale  how much of them is added; small, or training breaks down
    """

    def __init__(self, C: int, F: int, scale: float, *parts: nn.Module, relu: bool = True):
        for i, part in enumerate(parts):
            setattr(self, f"branch{i}", part)
        self.conv2d = nn.Conv2d(F, C, 1)
        self.scale, self.ends_in_relu = scale, relu

    def forward(self, x: Tensor) -> Tensor:
        parts = [part for name, part in self.named_children() if name.startswith("branch")]
        y = x + self.scale * self.conv2d(cat([part(x) for part in parts], dim=1))
        return y.relu() if self.ends_in_relu else y

    def extra_repr(self) -> str:
        return f"scale={self.scale}" + (", relu=True" if self.ends_in_relu else "")


def block_a(C: int, M: int, F: int) -> Block:
    """Figures 10 and 16: 3x3 convolutions, none, one, or two, those with M and F filters"""
    return Block(
        C,
        32 + 32 + F,
        0.17,
        conv(C, 32, 1),
        nn.Sequential(conv(C, 32, 1), conv(32, 32, 3)),
        nn.Sequential(conv(C, 32, 1), conv(32, M, 3), conv(M, F, 3)),
    )


def block_b(C: int, K: int, L: int, M: int, F: int, size: int = 7, scale: float = 0.10, relu: bool = True) -> Block:
    """Figures 11 and 17: F filters beside K, then L of one row, then M of one column"""
    row_and_column = nn.Sequential(conv(C, K, 1), conv(K, L, (1, size)), conv(L, M, (size, 1)))
    return Block(C, F + M, scale, conv(C, F, 1), row_and_column, relu=relu)


def block_c(C: int, L: int, M: int, scale: float = 0.20, relu: bool = True) -> Block:
    """Figures 13 and 19: the same on smaller pictures"""
    return block_b(C, 192, L, M, 192, 3, scale, relu)


def reduction_b(C: int, M: int, F: int) -> nn.Concat:
    """Figures 12 and 18.   C channels in, 384 + M + F + C out, half the rows"""
    return branches(
        nn.Sequential(conv(C, 256, 1), conv(256, 384, 3, stride=2, padding="valid")),
        nn.Sequential(conv(C, 256, 1), conv(256, M, 3, stride=2, padding="valid")),
        nn.Sequential(conv(C, 256, 1), conv(256, M, 3), conv(M, F, 3, stride=2, padding="valid")),
        nn.MaxPool2d(3, stride=2),
    )


def mixed_5b() -> nn.Concat:
    """The published v2's first block.   192 channels in, 96 + 64 + 96 + 64 out"""
    return branches(
        conv(192, 96, 1),
        nn.Sequential(conv(192, 48, 1), conv(48, 64, 5)),
        nn.Sequential(conv(192, 64, 1), conv(64, 96, 3), conv(96, 96, 3)),
        nn.Sequential(average(), conv(192, 64, 1)),
    )


class InceptionResNet(Network):
    """The stem (figure 14), `blocks` by their names, the classifier of their F channels.

    dropout: the share of the last features that is dropped
    """

    def __init__(self, blocks: dict[str, nn.Module], F: int, num_classes: int, in_channels: int, dropout: float):
        # (N, 3, 299, 299)
        self.conv2d_1a = conv(in_channels, 32, 3, stride=2, padding="valid")  # (N, 32, 149, 149)
        self.conv2d_2a = conv(32, 32, 3, padding="valid")  # (N, 32, 147, 147)
        self.conv2d_2b = conv(32, 64, 3)  # (N, 64, 147, 147)
        self.maxpool_3a = nn.MaxPool2d(3, stride=2)  # (N, 64, 73, 73)
        self.conv2d_3b = conv(64, 80, 1)  # (N, 80, 73, 73)
        self.conv2d_4a = conv(80, 192, 3, padding="valid")  # (N, 192, 71, 71)
        for name, block in blocks.items():
            setattr(self, name, block)
        self.global_pool = nn.GlobalAvgPool2d()  # (N, F)
        self.head_drop = nn.Dropout(dropout)
        self.classif = nn.Linear(F, num_classes)  # (N, num_classes)
        he_(self)

    def forward(self, x: Tensor) -> Tensor:
        return nn.run(x, *self.children())


@model(year=2016, paper=f"{PAPER}, figures 10 to 15", input=(3, 299, 299), top1=(78.7, "the paper, table 2"))
def inception_resnet_v1(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.2) -> InceptionResNet:
    """As in the paper, about as costly as Inception-v3: 22,756,328 parameters for 1000 classes."""
    blocks = {
        "conv2d_4b": conv(192, 256, 3, stride=2, padding="valid"),  # (N, 256, 35, 35)
        "repeat": nn.Sequential(*(block_a(256, 32, 32) for _ in range(5))),
        "mixed_6a": reduction_a(256, 192, 192, 256, 384),  # (N, 896, 17, 17)
        "repeat_1": nn.Sequential(*(block_b(896, 128, 128, 128, 128) for _ in range(10))),
        "mixed_7a": reduction_b(896, 256, 256),  # (N, 1792, 8, 8)
        "repeat_2": nn.Sequential(*(block_c(1792, 192, 192) for _ in range(5))),
    }
    return InceptionResNet(blocks, 1792, num_classes, in_channels, dropout)


@model(year=2016, paper=f"{PAPER}, figures 14 to 19", input=(3, 299, 299), top1=(80.3, "Keras"))
def inception_resnet_v2(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.2) -> InceptionResNet:
    """As published, about as costly as Inception-v4: 55,843,464 parameters for 1000 classes."""
    blocks = {
        "maxpool_5a": nn.MaxPool2d(3, stride=2),  # (N, 192, 35, 35)
        "mixed_5b": mixed_5b(),  # (N, 320, 35, 35)
        "repeat": nn.Sequential(*(block_a(320, 48, 64) for _ in range(10))),
        "mixed_6a": reduction_a(320, 256, 256, 384, 384),  # (N, 1088, 17, 17)
        "repeat_1": nn.Sequential(*(block_b(1088, 128, 160, 192, 192) for _ in range(20))),
        "mixed_7a": reduction_b(1088, 288, 320),  # (N, 2080, 8, 8)
        "repeat_2": nn.Sequential(*(block_c(2080, 224, 256) for _ in range(9))),
        "block8": block_c(2080, 224, 256, scale=1.0, relu=False),
        "conv2d_7b": conv(2080, 1536, 1),  # (N, 1536, 8, 8)
    }
    return InceptionResNet(blocks, 1536, num_classes, in_channels, dropout)
