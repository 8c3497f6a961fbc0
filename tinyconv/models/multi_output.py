"""One trunk, several heads: a net that answers several questions about a picture at once.

Caruana 1997, "Multitask Learning", Machine Learning 28, section 2, has the idea: what the tasks share is learned from
all of their labels. `multi_output` asks of a vehicle what it is, from which side it is seen, and whether it is day or
night.

Departures from the paper: all; it has no pictures of vehicles and no convolutions. The net is common practice: four
convolutions with batch norm and pooling, the mean over all pixels, and a dense layer for each question.
"""

from __future__ import annotations

from collections.abc import Mapping

from tinyconv import nn
from tinyconv.errors import ArgumentError
from tinyconv.geometry import whole
from tinyconv.tensor import Operand, Tensor

from .network import Network
from .registry import model
from .weights import he_

VEHICLE = {
    "type": 4,  # car, bus, lorry, motorcycle
    "side": 4,  # front, rear, left, right
    "time": 2,  # day, night
}


class MultiOutput(Network):
    """x (N, C, H, W)  ->  {question: logits (N, K)}

    trunk  any Module, x -> (N, features), or (N, features, H', W'), of which the mean over all pixels is taken
    heads  each question and how many answers K it has
    Raises ArgumentError.
    """

    def __init__(self, trunk: nn.Module, features: int, heads: Mapping[str, int]):
        if not heads:
            raise ArgumentError("MultiOutput", "heads is empty; give each question and how many answers it has.")
        sizes = {name: whole("MultiOutput", f"heads[{name!r}]", K, least=1) for name, K in heads.items()}
        self.trunk = trunk
        self.heads = nn.ModuleDict({name: nn.Linear(features, K) for name, K in sizes.items()})

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        y = self.trunk(x)
        y = y.mean((2, 3)) if y.ndim == 4 else y
        return {name: head(y) for name, head in self.heads.items()}

    def loss(
        self,
        outputs: Mapping[str, Tensor],
        targets: Mapping[str, Operand],
        weights: Mapping[str, float] | None = None,
        ignore_index: int = -100,
    ) -> Tensor:
        """sum over questions of weight times cross entropy

        targets  {question: labels (N,)};  weights  {question: number}, 1 for those left out
        ignore_index  pictures with this label count nothing for the question, whose answer is unknown
        """
        entropy = nn.CrossEntropyLoss(ignore_index=ignore_index)
        return nn.WeightedLoss(dict.fromkeys(self.heads, entropy), weights)(outputs, targets)


def trunk(in_channels: int, width: int) -> nn.Sequential:
    layers: list[nn.Module] = []  # for width 32                                         (N, 3, 96, 96)
    for C, F in [
        (in_channels, width),  #                                                         (N, 32, 48, 48)
        (width, 2 * width),  #                                                           (N, 64, 24, 24)
        (2 * width, 4 * width),  #                                                       (N, 128, 12, 12)
        (4 * width, 8 * width),  #                                                       (N, 256, 6, 6)
    ]:
        conv = nn.Conv2d(C, F, 3, padding=1, bias=False)
        layers += [conv, nn.BatchNorm2d(F), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers)


@model(year=1997, paper="after Caruana 1997, section 2", input=(3, 96, 96), task="several outputs")
def multi_output(heads: Mapping[str, int] = VEHICLE, in_channels: int = 3, width: int = 32) -> MultiOutput:
    """Four convolutions, and the questions about vehicles unless others are given."""
    net = MultiOutput(trunk(in_channels, width), 8 * width, heads)
    he_(net)
    return net
