"""Pictures seen in a mirror."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyconv import kernels

from .arguments import number
from .base import Transform


@dataclass(frozen=True)
class RandomHorizontalFlip(Transform):
    """y[n, c, i, j] = x[n, c, i, W - 1 - j]  with probability p, left and right exchanged; else x[n]"""

    p: float = 0.5

    def __post_init__(self) -> None:
        number(type(self).__name__, "p", self.p, 0, 1)

    def apply(self, images: Any, rng: np.random.Generator) -> Any:
        return _flipped(images, rng.random(len(images)) < self.p, axis=-1)


@dataclass(frozen=True)
class RandomVerticalFlip(Transform):
    """y[n, c, i, j] = x[n, c, H - 1 - i, j]  with probability p, upside down; else x[n]"""

    p: float = 0.5

    def __post_init__(self) -> None:
        number(type(self).__name__, "p", self.p, 0, 1)

    def apply(self, images: Any, rng: np.random.Generator) -> Any:
        return _flipped(images, rng.random(len(images)) < self.p, axis=-2)


def _flipped(images: Any, chosen: np.ndarray, axis: int) -> Any:
    if isinstance(images, list):
        return [np.flip(x, axis) if c else x for x, c in zip(images, chosen, strict=True)]
    H, W = images.shape[2:]
    places = {-2: np.arange(H), -1: np.arange(W)}
    picked = {a: np.where((chosen & (a == axis))[:, None], k[::-1], k) for a, k in places.items()}  # (N, H), (N, W)
    return kernels.pick_pixels(images, picked[-2], picked[-1], 0)
