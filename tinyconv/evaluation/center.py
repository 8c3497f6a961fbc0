"""A single view: the middle of the picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tinyconv.data.transforms.base import Pictures
from tinyconv.geometry import pair

from .view import Side, View, and_mirrored, check_resize, crop_at


@dataclass(frozen=True)
class CenterView(View):
    """The middle of the picture, once.   (N, C, H, W)  ->  1 batch (N, C, h, w)

    crop    (h, w), or a number for both; None: the whole picture
    resize  pixels of the shortest side before that; None: as they are
    flip    the mirrored picture too: 2 batches
    ArgumentError for sizes that are none; ShapeError for a crop larger than a picture.
    """

    crop: Side | None = None
    resize: int | None = None
    flip: bool = False

    def __post_init__(self) -> None:
        check_resize("CenterView", self.resize)
        if self.crop is not None:
            pair("CenterView", "crop", self.crop, least=1)

    def batches(self, pictures: Any) -> Iterator[Pictures]:
        if self.crop is not None:
            pictures = crop_at("CenterView", pictures, pair("CenterView", "crop", self.crop, least=1), 0.5, 0.5)
        return and_mirrored(pictures, self.flip)
