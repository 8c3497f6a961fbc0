"""GoogLeNet's 144 crops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyconv.data.transforms.base import Pictures
from tinyconv.data.transforms.resize import Resize
from tinyconv.errors import ArgumentError
from tinyconv.geometry import whole

from .ten_crops import PLACES
from .view import View, and_mirrored, crop_at


@dataclass(frozen=True)
class GoogLeNetView(View):
    """4 scales x 3 squares x 6 crops x 2, mirrored or not.   (N, C, H, W)  ->  144 batches (N, C, crop, crop)

    crop     pixels of a side
    resizes  pixels of the shortest side, for each scale
    flip     False leaves out the mirrored ones
    The squares of a wide picture are the left, the middle and the right one, of a high one the upper, middle and lower
    one. The crops of a square are its corners, its middle, and the whole square made as small as a crop.
    ArgumentError for sizes that are none; ShapeError for a crop larger than a picture.

    Szegedy et al. 2015, "Going Deeper with Convolutions", arXiv:1409.4842, section 7
    """

    crop: int = 224
    resizes: tuple[int, ...] = (256, 288, 320, 352)
    flip: bool = True
    resize = None  # the picture is resized to each of the scales, not before

    def __post_init__(self) -> None:
        whole("GoogLeNetView", "crop", self.crop, least=1)
        if not self.resizes:
            raise ArgumentError("GoogLeNetView", "resizes is empty; give the shortest sides, such as (256, 288).")
        for size in self.resizes:
            whole("GoogLeNetView", "resizes", size, least=1)

    def batches(self, pictures: Any) -> Iterator[Pictures]:
        for size in self.resizes:
            at_scale = Resize(size)(pictures)
            for place in (0, 0.5, 1):
                # The shorter side leaves nothing over, so that the place matters along the longer one alone.
                square = crop_at("GoogLeNetView", at_scale, (size, size), place, place)
                for crop in self._of_square(square):
                    yield from and_mirrored(crop, self.flip)

    def _of_square(self, square: np.ndarray) -> Iterator[Pictures]:
        for down, right in PLACES:
            yield crop_at("GoogLeNetView", square, (self.crop, self.crop), down, right)
        yield Resize((self.crop, self.crop))(square)
