"""Several pieces of every picture, for a net whose answers are then averaged."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

import numpy as np

from tinyconv.backend import array_module
from tinyconv.errors import ArgumentError
from tinyconv.geometry import Pair
from tinyconv.memory import empty

from .base import Transform
from .crop import middle
from .pieces import check_fits, size_of, sizes_of


@dataclass(frozen=True)
class FiveCrop(Transform):
    """The four corners and the middle: top left, top right, bottom left, bottom right, middle.

    size = (h, w), or one number for both   (N, C, H, W), or pictures of different sizes  ->  (N, 5, C, h, w)
    ShapeError if a picture is too small. Krizhevsky et al. 2012, section 4.1.
    """

    size: Any
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        vars(self).update(size=size_of("FiveCrop", self.size))

    def apply(self, images: Any, rng: np.random.Generator) -> Any:
        return crops("FiveCrop", images, self.size, None)


@dataclass(frozen=True)
class TenCrop(Transform):
    """The pieces of FiveCrop, then the same of the picture in a mirror (upside down with vertical_flip).

    size = (h, w), or one number for both   (N, C, H, W), or pictures of different sizes  ->  (N, 10, C, h, w)
    ShapeError if a picture is too small. Krizhevsky et al. 2012, section 4.1.
    """

    size: Any
    vertical_flip: bool = False
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        vars(self).update(size=size_of("TenCrop", self.size))
        if not isinstance(self.vertical_flip, bool):
            raise ArgumentError("TenCrop", f"vertical_flip is {self.vertical_flip!r}; it must be True or False.")

    def apply(self, images: Any, rng: np.random.Generator) -> Any:
        return crops("TenCrop", images, self.size, -2 if self.vertical_flip else -1)


def crops(name: str, images: Any, size: Pair, mirrored: int | None) -> np.ndarray:
    """(N, 5, C, *size), or ten pieces, if an axis is given along which the picture is mirrored for the second five"""
    check_fits(name, sizes_of(images), size, "Lower the size, or put Resize before it.")
    if isinstance(images, list):
        return np.concatenate([crops(name, x[None], size, mirrored) for x in images])
    N, C, H, W = images.shape
    (h, w), (top, left) = size, middle(np.array([H, W]), size).tolist()
    corners = [(0, 0), (0, W - w), (H - h, 0), (H - h, W - w), (top, left)]
    xp = array_module(images)
    pictures = [images] if mirrored is None else [images, xp.flip(images, mirrored)]
    y = (empty if xp is np else xp.empty)((N, len(pictures) * len(corners), C, h, w), images.dtype)
    for v, (x, (i, j)) in enumerate(product(pictures, corners)):
        y[:, v] = x[:, :, i : i + h, j : j + w]
    return y
