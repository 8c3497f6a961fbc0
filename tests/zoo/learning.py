"""A small batch of real pictures, learned by heart: what cannot do that has a broken gradient, or signals that fade."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

import tinyconv as tc
import tinyconv.nn.functional as F
from tinyconv import models, optim
from tinyconv.data import mnist


@dataclass(frozen=True)
class Lesson:
    """How a model is made to learn four digits of MNIST, enlarged, by heart.

    options  for models.create, to make it narrow
    size     rows and columns of the pictures
    steps    at most
    loss     what the model gives and the labels -> a number to be made small; cross entropy unless given
    """

    options: dict[str, Any] = field(default_factory=dict)
    size: int = 64
    steps: int = 40
    lr: float = 1e-3
    loss: Callable[[Any, Any], Any] = F.cross_entropy


@cache
def lessons() -> dict[str, Lesson]:
    """name -> its lesson; the tables of all files learning_*.py together"""
    found: dict[str, Lesson] = {}
    for module in pkgutil.iter_modules(__import__("zoo").__path__, "zoo."):
        if module.name.startswith("zoo.learning_"):
            found |= importlib.import_module(module.name).LESSONS
    return found


def digits(count: int, size: int, channels: int, first: int = 0) -> tuple[Any, np.ndarray]:
    """Digits of the test set, size x size by repeating pixels, about 0 with a spread of 1; and what they are."""
    data = mnist(train=False)
    i = np.arange(size) * 28 // size
    x = data.images[first : first + count][:, :, i][..., i] / np.float32(255)
    x = np.repeat((x - x.mean()) / x.std(), channels, axis=1)
    return tc.tensor(x.astype(np.float32)), data.labels[first : first + count].astype(np.int64)


def learns_by_heart(name: str) -> list[float]:
    """The losses, step by step, until one is a tenth of the first."""
    lesson = lessons()[name]
    tc.manual_seed(1)
    model = models.create(name, num_classes=10, **lesson.options)
    x, labels = digits(4, lesson.size, models.card(name).input[0])
    optimizer = optim.Adam(model.parameters(), lr=lesson.lr)
    losses: list[float] = []
    for _ in range(lesson.steps):
        optimizer.zero_grad()
        loss = lesson.loss(model(x), tc.tensor(labels))
        losses.append(loss.item())
        if losses[-1] < 0.1 * losses[0]:
            break
        loss.backward()
        optimizer.step()
    return losses
