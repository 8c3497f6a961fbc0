"""The modules of Inception-v3, with torchvision's names.

Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision", arXiv:1512.00567, figures 5 to 8, 10.
"""

from __future__ import annotations

from collections.abc import Mapping

from tinyconv import nn
from tinyconv.ops.join import cat
from tinyconv.tensor import Tensor

from .conv_bn_relu import conv_bn_relu as conv


class Branches(nn.Module):
    """Branches side by side, their channels put together. The layers of all belong to the module itself, by name."""

    def __init__(self, *branches: Mapping[str, nn.Module]):
        self.branches = [list(branch) for branch in branches]
        for branch in branches:
            for name, layer in branch.items():
                setattr(self, name, layer)

    def forward(self, x: Tensor) -> Tensor:
        return cat([nn.run(x, *(getattr(self, name) for name in branch)) for branch in self.branches], dim=1)


def chain(name: str, *layers: nn.Module) -> dict[str, nn.Module]:
    return {f"{name}_{i}": layer for i, layer in enumerate(layers, start=1)}


def average(C: int, F: int) -> dict[str, nn.Module]:
    return {"average": nn.AvgPool2d(3, stride=1, padding=1), "branch_pool": conv(C, F, 1)}


def inception_a(C: int, P: int) -> Branches:
    """Figure 5.   C channels in, 64 + 64 + 96 + P out"""
    return Branches(
        {"branch1x1": conv(C, 64, 1)},
        chain("branch5x5", conv(C, 48, 1), conv(48, 64, 5)),
        chain("branch3x3dbl", conv(C, 64, 1), conv(64, 96, 3), conv(96, 96, 3)),
        average(C, P),
    )


def reduction_b(C: int) -> Branches:
    """Figure 10: half the rows and columns.   C channels in, 384 + 96 + C out"""
    return Branches(
        {"branch3x3": conv(C, 384, 3, 2, "valid")},
        chain("branch3x3dbl", conv(C, 64, 1), conv(64, 96, 3), conv(96, 96, 3, 2, "valid")),
        {"maxpool": nn.MaxPool2d(3, stride=2)},
    )


def inception_c(C: int, M: int) -> Branches:
    """Figure 6: 7x7 filters made of rows and columns, with M channels between.   C channels in, 4 x 192 out"""
    row, column = (1, 7), (7, 1)
    twice = conv(C, M, 1), conv(M, M, column), conv(M, M, row), conv(M, M, column), conv(M, 192, row)
    return Branches(
        {"branch1x1": conv(C, 192, 1)},
        chain("branch7x7", conv(C, M, 1), conv(M, M, row), conv(M, 192, column)),
        chain("branch7x7dbl", *twice),
        average(C, 192),
    )


def reduction_d(C: int) -> Branches:
    """As figure 10, with 7x7 filters in one branch.   C channels in, 320 + 192 + C out"""
    seven = conv(C, 192, 1), conv(192, 192, (1, 7)), conv(192, 192, (7, 1)), conv(192, 192, 3, 2, "valid")
    return Branches(
        chain("branch3x3", conv(C, 192, 1), conv(192, 320, 3, 2, "valid")),
        chain("branch7x7x3", *seven),
        {"maxpool": nn.MaxPool2d(3, stride=2)},
    )


class InceptionE(nn.Module):
    """Figure 7: two branches fork at their ends.   C channels in, 320 + 4 x 384 + 192 out"""

    def __init__(self, C: int):
        self.branch1x1 = conv(C, 320, 1)
        self.branch3x3_1 = conv(C, 384, 1)
        self.branch3x3_2a, self.branch3x3_2b = conv(384, 384, (1, 3)), conv(384, 384, (3, 1))
        self.branch3x3dbl_1, self.branch3x3dbl_2 = conv(C, 448, 1), conv(448, 384, 3)
        self.branch3x3dbl_3a, self.branch3x3dbl_3b = conv(384, 384, (1, 3)), conv(384, 384, (3, 1))
        self.average, self.branch_pool = average(C, 192).values()

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.branch3x3_1(x), self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        forks = self.branch3x3_2a(a), self.branch3x3_2b(a), self.branch3x3dbl_3a(b), self.branch3x3dbl_3b(b)
        return cat([self.branch1x1(x), *forks, self.branch_pool(self.average(x))], dim=1)


def auxiliary(C: int, num_classes: int) -> nn.Sequential:
    """Figure 8, with batch norm."""
    head = {  # (N, 768, 17, 17)
        "pool": nn.AvgPool2d(5, stride=3),  # (N, 768, 5, 5)
        "conv0": conv(C, 128, 1),  # (N, 128, 5, 5)
        "conv1": conv(128, 768, 5, padding="valid"),  # (N, 768, 1, 1)
        "avgpool": nn.GlobalAvgPool2d(),  # (N, 768)
        "fc": nn.Linear(768, num_classes),  # (N, num_classes)
    }
    return nn.Sequential(head)
