"""Pieces of one size, cut out of pictures: from the middle, or anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .arguments import choice, number
from .base import Transform
from .pieces import PADDING_MODES, check_fits, cut, four_sides, size_of, sizes_of


@dataclass(frozen=True)
class CenterCrop(Transform):
    """The middle of every picture: size = (h, w), or one number for both.   (N, C, H, W) -> (N, C, h, w)

    Takes pictures of different sizes, and makes one array of them. What a smaller picture lacks is black.
    """

    size: Any
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        vars(self).update(size=size_of("CenterCrop", self.size))

    def apply(self, images: Any, rng: np.random.Generator) -> Any:
        return cut(images, middle(sizes_of(images), self.size), self.size)


@dataclass(frozen=True)
class RandomCrop(Transform):
    """A piece of every picture, from anywhere: size = (h, w), or one number for both.   (N, C, H, W) -> (N, C, h, w)

    padding       pixels added first on all sides, or (left and right, top and bottom), or (left, top, right, bottom):
                  RandomCrop(32, padding=4) shifts CIFAR's pictures by up to 4 (He et al. 2015, section 4.2)
    padding_mode  "constant" (`fill`), "edge" (the border pixel), "reflect" (the mirror image about the border pixels)
                  or "symmetric" (the same, border pixels repeated)
    fill          a grey level in the pictures' units: 0..255 for uint8, 0..1 for floating point
    Takes pictures of different sizes, and makes one array of them. ShapeError if one is too small.
    """

    size: Any
    padding: Any = 0
    padding_mode: str = "constant"
    fill: float = 0.0

    def __post_init__(self) -> None:
        # The class is frozen: fields are set past its __setattr__.
        vars(self).update(
            size=size_of("RandomCrop", self.size),
            padding=four_sides("RandomCrop", self.padding),
            padding_mode=choice("RandomCrop", "padding_mode", self.padding_mode, PADDING_MODES),
            fill=number("RandomCrop", "fill", self.fill, 0, 255),
        )

    def apply(self, images: Any, rng: np.random.Generator) -> Any:
        left, top, right, bottom = self.padding
        sizes = sizes_of(images) + np.array([top + bottom, left + right])
        u = rng.random((len(images), 2))
        check_fits("RandomCrop", sizes, self.size, "Lower the size, add padding, or put Resize before it.")
        corners = np.floor(u * (sizes - self.size + 1)).astype(int) - (top, left)
        return cut(images, corners, self.size, self.padding_mode, self.fill)


def middle(sizes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Row and column where the middle piece begins, rounded as torchvision does."""
    room = sizes - size
    return np.where(room < 0, -(-room // 2), np.rint(room / 2).astype(int))
