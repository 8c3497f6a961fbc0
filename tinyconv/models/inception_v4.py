"""Inception-v4.

Szegedy, Ioffe, Vanhoucke and Alemi 2017, "Inception-v4, Inception-ResNet and the Impact of Residual Connections on
Learning", arXiv:1602.07261, figures 3 to 9.

Departures from the paper: where filters of one row and of one column follow each other (1x7, 7x1), their order is that
of the weights which the authors published; in places the figures have the other. Average pooling leaves out the
padding, as theirs does. Weights begin as He et al. have it; the paper does not say.
"""

from __future__ import annotations

from tinyconv import nn
from tinyconv.ops.join import cat
from tinyconv.tensor import Tensor

from .conv_bn_relu import conv_bn_relu as conv
from .network import Network
from .registry import model
from .weights import he_


def branches(*parts: nn.Module) -> nn.Concat:
    """All parts are given the same x, and their channels are put together."""
    return nn.Concat({f"branch{i}": part for i, part in enumerate(parts)})


def average() -> nn.AvgPool2d:
    """The 3x3 average about each pixel, of the pixels that lie in the picture."""
    return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


def stem(in_channels: int) -> list[nn.Module]:
    """Figure 3. What is marked with V there has no padding."""
    return [  # (N, 3, 299, 299)
        conv(in_channels, 32, 3, stride=2, padding="valid"),  # (N, 32, 149, 149)
        conv(32, 32, 3, padding="valid"),  # (N, 32, 147, 147)
        conv(32, 64, 3),  # (N, 64, 147, 147)
        nn.Concat({"maxpool": nn.MaxPool2d(3, 2), "conv": conv(64, 96, 3, 2, "valid")}),  # (N, 160, 73, 73)
        branches(
            nn.Sequential(conv(160, 64, 1), conv(64, 96, 3, padding="valid")),
            nn.Sequential(
                conv(160, 64, 1), conv(64, 64, (1, 7)), conv(64, 64, (7, 1)), conv(64, 96, 3, padding="valid")
            ),
        ),  # (N, 192, 71, 71)
        nn.Concat({"conv": conv(192, 192, 3, 2, "valid"), "maxpool": nn.MaxPool2d(3, 2)}),  # (N, 384, 35, 35)
    ]


def inception_a() -> nn.Concat:
    """Figure 4.   384 channels in, 4 x 96 out"""
    return branches(
        conv(384, 96, 1),
        nn.Sequential(conv(384, 64, 1), conv(64, 96, 3)),
        nn.Sequential(conv(384, 64, 1), conv(64, 96, 3), conv(96, 96, 3)),
        nn.Sequential(average(), conv(384, 96, 1)),
    )


def reduction_a(C: int, K: int, L: int, M: int, N: int) -> nn.Concat:
    """Figure 7, with the numbers of filters k, l, m, n of table 1.   C channels in, N + M + C out, half the rows"""
    return branches(
        conv(C, N, 3, stride=2, padding="valid"),
        nn.Sequential(conv(C, K, 1), conv(K, L, 3), conv(L, M, 3, stride=2, padding="valid")),
        nn.MaxPool2d(3, stride=2),
    )


def inception_b() -> nn.Concat:
    """Figure 5.   1024 channels in, 384 + 256 + 256 + 128 out"""
    return branches(
        conv(1024, 384, 1),
        nn.Sequential(conv(1024, 192, 1), conv(192, 224, (1, 7)), conv(224, 256, (7, 1))),
        nn.Sequential(
            conv(1024, 192, 1),
            conv(192, 192, (7, 1)),
            conv(192, 224, (1, 7)),
            conv(224, 224, (7, 1)),
            conv(224, 256, (1, 7)),
        ),
        nn.Sequential(average(), conv(1024, 128, 1)),
    )


def reduction_b() -> nn.Concat:
    """Figure 8.   1024 channels in, 192 + 320 + 1024 out, half the rows"""
    return branches(
        nn.Sequential(conv(1024, 192, 1), conv(192, 192, 3, stride=2, padding="valid")),
        nn.Sequential(
            conv(1024, 256, 1),
            conv(256, 256, (1, 7)),
            conv(256, 320, (7, 1)),
            conv(320, 320, 3, stride=2, padding="valid"),
        ),
        nn.MaxPool2d(3, stride=2),
    )


class InceptionC(nn.Module):
    """Figure 6: two of the branches fork at their ends.   1536 channels in, 256 + 2 x 256 + 2 x 256 + 256 out"""

    def __init__(self) -> None:
        self.branch0 = conv(1536, 256, 1)
        self.branch1_0 = conv(1536, 384, 1)
        self.branch1_1a = conv(384, 256, (1, 3))
        self.branch1_1b = conv(384, 256, (3, 1))
        self.branch2_0 = conv(1536, 384, 1)
        self.branch2_1 = conv(384, 448, (3, 1))
        self.branch2_2 = conv(448, 512, (1, 3))
        self.branch2_3a = conv(512, 256, (1, 3))
        self.branch2_3b = conv(512, 256, (3, 1))
        self.branch3 = nn.Sequential(average(), conv(1536, 256, 1))

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.branch1_0(x), self.branch2_2(self.branch2_1(self.branch2_0(x)))
        forks = self.branch1_1a(a), self.branch1_1b(a), self.branch2_3a(b), self.branch2_3b(b)
        return cat([self.branch0(x), *forks, self.branch3(x)], dim=1)


class InceptionV4(Network):
    """Figure 9.   dropout: the share of the last features that is dropped"""

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.2):
        self.features = nn.Sequential(
            *stem(in_channels),  # (N, 384, 35, 35)
            *(inception_a() for _ in range(4)),
            reduction_a(384, 192, 224, 256, 384),  # (N, 1024, 17, 17)
            *(inception_b() for _ in range(7)),
            reduction_b(),  # (N, 1536, 8, 8)
            *(InceptionC() for _ in range(3)),
        )
        self.global_pool = nn.GlobalAvgPool2d()  # (N, 1536)
        self.head_drop = nn.Dropout(dropout)
        self.last_linear = nn.Linear(1536, num_classes)  # (N, num_classes)
        he_(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.last_linear(self.head_drop(self.global_pool(self.features(x))))


@model(
    year=2016,
    paper="Szegedy et al. 2017, arXiv:1602.07261, figure 9",
    input=(3, 299, 299),
    top1=(80.0, "the paper, table 2"),
)
def inception_v4(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.2) -> InceptionV4:
    """4 Inception-A, 7 Inception-B, 3 Inception-C: 42,679,816 parameters for 1000 classes."""
    return InceptionV4(num_classes, in_channels, dropout)
