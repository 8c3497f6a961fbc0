"""Means over the pictures of an epoch, kept up batch by batch."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from tinyconv.backend import array_module
from tinyconv.tensor import Tensor

Figures = Mapping[str, tuple[Any, int]]  # a batch's mean, a number or a tensor on a GPU, and over how many it is
PILE = 32  # batches whose figures are fetched from a GPU together: waiting for each would leave it idle


class Means:
    """Means of named figures ("loss", "accuracy", ...) over the pictures seen so far, and how long those took.

    figures  {name: (mean, over how many)}, so far as they have been fetched from a GPU; `means()` fetches them all
    """

    def __init__(self, images: int = 0, seconds: float = 0.0, figures: Mapping[str, Any] | None = None):
        self.images, self.seconds = images, seconds
        self.figures: dict[str, tuple[float, int]] = {name: (m, n) for name, (m, n) in (figures or {}).items()}
        self._pile: list[Figures] = []

    def add(self, images: int, seconds: float, figures: Figures) -> None:
        """A batch of so many images took so many seconds, and gave these figures."""
        self.images += images
        self.seconds += seconds
        if any(isinstance(value, Tensor) for value, _ in figures.values()):
            self._pile.append(figures)
            if len(self._pile) == PILE:
                self.fetch()
        else:
            self._add(figures)

    def fetch(self) -> None:
        """Wait for the GPU, and bring over what it has found, all in one piece."""
        waiting = [value.data for figures in self._pile for value, _ in figures.values() if isinstance(value, Tensor)]
        if waiting:
            xp = array_module(waiting[0])
            numbers = iter(xp.stack([xp.asarray(x, "float64") for x in waiting]).tolist())
            for batch in self._pile:
                self._add({name: (next(numbers) if isinstance(v, Tensor) else v, n) for name, (v, n) in batch.items()})
        self._pile = []

    def _add(self, figures: Figures) -> None:
        for name, (value, n) in figures.items():
            mean, before = self.figures.get(name, (value, 0))
            share = n / (before + n)
            self.figures[name] = (mean + share * (value - mean) if before else value, before + n)

    def means(self) -> dict[str, float]:
        began = time.perf_counter()
        if self._pile:
            self.fetch()
            self.seconds += time.perf_counter() - began  # the GPU was at work meanwhile
        return {name: mean for name, (mean, _) in self.figures.items()}

    def state_dict(self) -> dict[str, Any]:
        """The arguments that make Means like this one."""
        self.fetch()
        return {"images": self.images, "seconds": self.seconds, "figures": self.figures}

    @property
    def loss(self) -> float:
        return self.figures.get("loss", (math.nan, 0))[0]

    @property
    def accuracy(self) -> float:
        """NaN if there is none: before the first batch, or where labels are no classes."""
        return self.figures.get("accuracy", (math.nan, 0))[0]

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds else 0.0
