"""Pieces of any size and place, made one size: how nets learn ImageNet since GoogLeNet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .arguments import choice, interval
from .base import Transform
from .pieces import INTERPOLATIONS, check_pixels, resized, size_of, sizes_of

TRIES = 10
Pair = tuple[float, float]


@dataclass(frozen=True)
class RandomResizedCrop(Transform):
    """A piece of every picture, brought to size = (h, w), or one number for both.   (N, C, H, W) -> (N, C, h, w)

    scale  the share of the picture's area that the piece has, drawn from (lowest, highest)
    ratio  its width divided by its height, drawn from (lowest, highest), as likely below 1 as above
    Of ten draws the first one that fits is taken; if none does, the middle, as far as the ratio allows.
    interpolation is "bilinear" (with antialiasing) or "nearest".

    Takes pictures of different sizes, and makes one array of them.
    Szegedy et al. 2014, section 6; the ten tries are torchvision's.
    """

    size: Any
    scale: Any = (0.08, 1.0)
    ratio: Any = (3 / 4, 4 / 3)
    interpolation: str = "bilinear"

    def __post_init__(self) -> None:
        name = "RandomResizedCrop"
        vars(self).update(
            size=size_of(name, self.size),
            scale=interval(name, "scale", self.scale, 0, 1),
            ratio=interval(name, "ratio", self.ratio, 1e-3, 1e3),
            interpolation=choice(name, "interpolation", self.interpolation, INTERPOLATIONS),
        )

    def apply(self, images: Any, rng: np.random.Generator) -> Any:
        check_pixels("RandomResizedCrop", images)
        sizes = sizes_of(images)
        u = rng.random((len(images), TRIES + 1, 2))
        boxes = random_boxes(sizes, self.scale, self.ratio, u[:, :TRIES], u[:, TRIES])
        return resized(images, boxes, self.size, self.interpolation, True)


def random_boxes(sizes: np.ndarray, scale: Pair, ratio: Pair, tries: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(top, left, height, width) of a piece of every picture, (N, 4)

    sizes (N, 2)   tries (N, TRIES, 2) and place (N, 2): random numbers from 0 to 1
    """
    H, W = sizes[:, :1], sizes[:, 1:]
    area = H * W * (scale[0] + (scale[1] - scale[0]) * tries[:, :, 0])
    aspect = np.exp(np.log(ratio[0]) + (np.log(ratio[1]) - np.log(ratio[0])) * tries[:, :, 1])
    h, w = np.rint(np.sqrt(area / aspect)), np.rint(np.sqrt(area * aspect))  # (N, TRIES)
    fits = (h >= 1) & (h <= H) & (w >= 1) & (w <= W)
    first = np.arange(len(sizes)), fits.argmax(1)
    piece = np.stack([h[first], w[first]], 1)
    box = np.concatenate([np.floor(place * (sizes - piece + 1)), piece], 1)

    whole = np.minimum(sizes, np.rint(sizes[:, ::-1] * (1 / ratio[0], ratio[1])))  # at least so wide, at most so wide
    whole = np.maximum(whole, 1)
    middle = np.concatenate([(sizes - whole) // 2, whole], 1)
    return np.where(fits.any(1)[:, None], box, middle).astype(int)
