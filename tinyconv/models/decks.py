"""Four small nets of lecture slides, as people type them in.

Departures from the slides: the softmax at the end is in the loss (`cross_entropy`), as everywhere in PyTorch, and the
nets give logits. The slides were made with Keras: weights begin as Keras's do, as in `glorot_`.

The slides name no author and no year.
"""

from __future__ import annotations

from tinyconv import nn

from .network import Network
from .registry import model
from .weights import glorot_

SLIDES = "lecture slides"


class Deck(Network, nn.Sequential):
    """A deck's net: its layers one after the other."""

    def __init__(self, *layers: nn.Module):
        super().__init__(*layers)
        glorot_(self)


@model(year=None, paper=SLIDES, input=(1, 28, 28))
def deck_demo(num_classes: int = 10, in_channels: int = 1, dropout: float = 0.5, last_dropout: float = 0.5) -> Deck:
    """23,626 parameters; pictures of any size from 4x4 on (the slides name none).

    It has dropout after its last layer, as on the slides. One would not do that: half of the logits, also the right
    class's, are 0 at random, which no weights can make up for, so that the loss while training stays above about 0.8
    for 10 classes; and no layer is left to learn to do without what is missing. last_dropout=0 is the cure.
    """
    return Deck(  # (N, 1, 28, 28)
        *(nn.Conv2d(in_channels, 32, 3, padding="same"), nn.ReLU()),  # (N, 32, 28, 28)
        nn.MaxPool2d(2),  # (N, 32, 14, 14)
        *(nn.Conv2d(32, 64, 3, padding="same"), nn.ReLU()),  # (N, 64, 14, 14)
        nn.MaxPool2d(2),  # (N, 64, 7, 7)
        nn.GlobalAvgPool2d(),  # (N, 64)
        *(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(dropout)),  # (N, 64)
        *(nn.Linear(64, num_classes), nn.Dropout(last_dropout)),  # (N, 10)
    )


@model(year=None, paper=SLIDES, input=(1, 28, 28))
def deck_mnist(num_classes: int = 10, in_channels: int = 1) -> Deck:
    """Five convolutions, more and more dropout: 2,782,090 parameters."""
    return Deck(  # (N, 1, 28, 28)
        *(nn.Conv2d(in_channels, 32, 3), nn.ReLU()),  # (N, 32, 26, 26)
        *(nn.MaxPool2d(2), nn.Dropout(0.20)),  # (N, 32, 13, 13)
        *(nn.Conv2d(32, 64, 3, padding="same"), nn.ReLU()),  # (N, 64, 13, 13)
        *(nn.MaxPool2d(2), nn.Dropout(0.25)),  # (N, 64, 6, 6)
        *(nn.Conv2d(64, 128, 3, padding="same"), nn.ReLU()),  # (N, 128, 6, 6)
        *(nn.MaxPool2d(2), nn.Dropout(0.30)),  # (N, 128, 3, 3)
        *(nn.Conv2d(128, 256, 3, padding="same"), nn.ReLU(), nn.Dropout(0.40)),  # (N, 256, 3, 3)
        *(nn.Conv2d(256, 512, 3, padding="same"), nn.ReLU(), nn.Dropout(0.50)),  # (N, 512, 3, 3)
        nn.Flatten(),  # (N, 4608)
        *(nn.Linear(512 * 3 * 3, 256), nn.ReLU(), nn.Dropout(0.35)),  # (N, 256)
        *(nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.25)),  # (N, 128)
        nn.Linear(128, num_classes),  # (N, 10)
    )


@model(year=None, paper=SLIDES, input=(3, 32, 32))
def deck_cifar(num_classes: int = 10, in_channels: int = 3) -> Deck:
    """Three pairs of convolutions: 1,769,674 parameters."""
    return Deck(  # (N, 3, 32, 32)
        *(nn.Conv2d(in_channels, 64, 3), nn.ReLU()),  # (N, 64, 30, 30)
        *(nn.Conv2d(64, 64, 3), nn.ReLU()),  # (N, 64, 28, 28)
        *(nn.MaxPool2d(2), nn.Dropout(0.25)),  # (N, 64, 14, 14)
        *(nn.Conv2d(64, 128, 3, padding="same"), nn.ReLU()),  # (N, 128, 14, 14)
        *(nn.Conv2d(128, 128, 3, padding="same"), nn.ReLU()),
        *(nn.MaxPool2d(2), nn.Dropout(0.25)),  # (N, 128, 7, 7)
        *(nn.Conv2d(128, 256, 3, padding="same"), nn.ReLU()),  # (N, 256, 7, 7)
        *(nn.Conv2d(256, 256, 3, padding="same"), nn.ReLU()),
        *(nn.MaxPool2d(2), nn.Dropout(0.35)),  # (N, 256, 3, 3)
        nn.Flatten(),  # (N, 2304)
        *(nn.Linear(256 * 3 * 3, 256), nn.ReLU(), nn.Dropout(0.35)),  # (N, 256)
        *(nn.Linear(256, 128), nn.ReLU(), nn.Dropout(0.25)),  # (N, 128)
        nn.Linear(128, num_classes),  # (N, 10)
    )


@model(year=None, paper=SLIDES, input=(1, 28, 28))
def deck_summary(num_classes: int = 10, in_channels: int = 1) -> Deck:
    """Its layers have 320, 18,496, 36,928, 36,928 and 650 parameters: 93,322."""
    return Deck(  # (N, 1, 28, 28)
        *(nn.Conv2d(in_channels, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),  # (N, 32, 26, 26), then 13
        *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),  # (N, 64, 11, 11), then 5
        *(nn.Conv2d(64, 64, 3), nn.ReLU()),  # (N, 64, 3, 3)
        nn.Flatten(),  # (N, 576)
        *(nn.Linear(64 * 3 * 3, 64), nn.ReLU()),  # (N, 64)
        nn.Linear(64, num_classes),  # (N, 10)
    )
