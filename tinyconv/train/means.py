"""Means over the pictures of an epoch, kept up batch by batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Figures = Mapping[str, tuple[float, int]]  # a batch's mean, and over how many pictures it is


class Means:
    """Means of named figures ("loss", "accuracy", ...) over the pictures seen so far, and how long those took.

    figures  {name: (mean, over how many)}
    `vars(means)` goes into a checkpoint, and `Means(**...)` comes back from it.
    """

    def __init__(self, images: int = 0, seconds: float = 0.0, figures: Mapping[str, Any] | None = None):
        self.images, self.seconds = images, seconds
        self.figures: dict[str, tuple[float, int]] = {name: (m, n) for name, (m, n) in (figures or {}).items()}

    def add(self, images: int, seconds: float, figures: Figures) -> None:
        """A batch of so many images took so many seconds, and gave these figures."""
        self.images += images
        self.seconds += seconds
        for name, (value, n) in figures.items():
            mean, before = self.figures.get(name, (value, 0))
            share = n / (before + n)
            self.figures[name] = (mean + share * (value - mean) if before else value, before + n)

    def means(self) -> dict[str, float]:
        return {name: mean for name, (mean, _) in self.figures.items()}

    @property
    def loss(self) -> float:
        return self.means().get("loss", math.nan)

    @property
    def accuracy(self) -> float:
        """NaN if there is none: before the first batch, or where labels are no classes."""
        return self.means().get("accuracy", math.nan)

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds else 0.0
