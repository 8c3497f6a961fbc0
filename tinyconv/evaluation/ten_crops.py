"""AlexNet's ten crops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tinyconv.data.transforms.base import Pictures
from tinyconv.geometry import pair

from .view import Side, View, and_mirrored, check_resize, crop_at

PLACES = ((0, 0), (0, 1), (1, 0), (1, 1), (0.5, 0.5))  # the corners and the middle


@dataclass(frozen=True)
class TenCropView(View):
    """The four corners and the middle, and each of them mirrored.   (N, C, H, W)  ->  10 batches (N, C, h, w)

    crop    (h, w), or a number for both: AlexNet's 224 of pictures of 256
    resize  pixels of the shortest side before that; None: as they are
    flip    False leaves out the mirrored ones, which digits and letters have no use for: 5 batches
    ArgumentError for sizes that are none; ShapeError for a crop larger than a picture.

    Krizhevsky, Sutskever and Hinton 2012, section 4.1
    """

    crop: Side
    resize: int | None = None
    flip: bool = True

    def __post_init__(self) -> None:
        check_resize("TenCropView", self.resize)
        pair("TenCropView", "crop", self.crop, least=1)

    def batches(self, pictures: Any) -> Iterator[Pictures]:
        size = pair("TenCropView", "crop", self.crop, least=1)
        for down, right in PLACES:
            yield from and_mirrored(crop_at("TenCropView", pictures, size, down, right), self.flip)
