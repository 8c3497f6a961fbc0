"""Pictures made larger or smaller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinyconv.backend import is_array
from tinyconv.errors import ArgumentError
from tinyconv.geometry import Pair, is_whole, pair, whole

from .arguments import choice
from .base import Transform
from .pieces import INTERPOLATIONS, check_pixels, resized, sizes_of, together


@dataclass(frozen=True)
class Resize(Transform):
    """Every picture at another size, with the weights of Pillow (and so of torchvision).

    size           the length of the shortest side; the other one keeps the proportions, rounded down. Or (h, w).
    interpolation  "bilinear", or "nearest": the pixel under the centre of the new one
    antialias      making smaller by bilinear weights averages all pixels, instead of leaving out some

    Pictures of different sizes become one array if their new sizes agree, else a list again.
    """

    size: Any
    interpolation: str = "bilinear"
    antialias: bool = True
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        is_number = is_whole(self.size)
        vars(self).update(
            size=whole("Resize", "size", self.size, 1) if is_number else pair("Resize", "size", self.size, 1)
        )
        _check(self)

    def apply(self, images: Any, rng: np.random.Generator) -> Any:
        check_pixels("Resize", images)
        if is_array(images):
            return _resize(self, images, _target(images.shape[2:], self.size))
        return together([_resize(self, x[None], _target(x.shape[1:], self.size))[0] for x in images])


@dataclass(frozen=True)
class ScaleJitter(Transform):
    """Every picture's shortest side is made low, low + 1, ... or high pixels long, each as often as the others.

    Usually a RandomCrop follows. Different sizes come as a list of pictures. Simonyan and Zisserman 2014, section 3.1.
    """

    low: int = 256
    high: int = 512
    interpolation: str = "bilinear"
    antialias: bool = True

    def __post_init__(self) -> None:
        low, high = whole("ScaleJitter", "low", self.low, 1), whole("ScaleJitter", "high", self.high, 1)
        if low > high:
            raise ArgumentError("ScaleJitter", f"low is {low} and high is {high}; low must not be above high.")
        vars(self).update(low=low, high=high)
        _check(self)

    def apply(self, images: Any, rng: np.random.Generator) -> Any:
        check_pixels("ScaleJitter", images)
        lengths = self.low + np.floor(rng.random(len(images)) * (self.high - self.low + 1)).astype(int)
        sizes = [_target(size, int(length)) for size, length in zip(sizes_of(images).tolist(), lengths, strict=True)]
        return together([_resize(self, x[None], size)[0] for x, size in zip(images, sizes, strict=True)])


def _target(size: Any, wanted: int | Pair) -> Pair:
    """(H, W) -> (h, w)"""
    if isinstance(wanted, tuple):
        return wanted
    H, W = size
    return (wanted, int(wanted * W / H)) if H <= W else (int(wanted * H / W), wanted)


def _resize(transform: Resize | ScaleJitter, images: np.ndarray, size: Pair) -> np.ndarray:
    boxes = np.tile((0, 0, *images.shape[2:]), (len(images), 1))
    return resized(images, boxes, size, transform.interpolation, transform.antialias)


def _check(transform: Resize | ScaleJitter) -> None:
    choice(type(transform).__name__, "interpolation", transform.interpolation, INTERPOLATIONS)
    if not isinstance(transform.antialias, bool):
        problem = f"antialias is {transform.antialias!r}; it must be True or False."
        raise ArgumentError(type(transform).__name__, problem)
