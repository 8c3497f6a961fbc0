"""VGG's crops on a grid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tinyconv.data.transforms.base import Pictures
from tinyconv.geometry import pair, whole

from .view import Side, View, and_mirrored, check_resize, crop_at


@dataclass(frozen=True)
class GridCropView(View):
    """Crops on a regular grid, and each of them mirrored.   (N, C, H, W)  ->  2 grid^2 batches (N, C, h, w)

    crop    (h, w), or a number for both
    resize  pixels of the shortest side before that; None: as they are
    grid    crops in a row and in a column: the first at the border, the last at the other; 5 makes 50 batches
    flip    False leaves out the mirrored ones
    ArgumentError for sizes that are none; ShapeError for a crop larger than a picture.

    Simonyan and Zisserman 2015, arXiv:1409.1556, section 3.2: 50 crops for each of three scales, 150 together
    """

    crop: Side
    resize: int | None = None
    grid: int = 5
    flip: bool = True

    def __post_init__(self) -> None:
        check_resize("GridCropView", self.resize)
        pair("GridCropView", "crop", self.crop, least=1)
        whole("GridCropView", "grid", self.grid, least=2)

    def batches(self, pictures: Any) -> Iterator[Pictures]:
        size, last = pair("GridCropView", "crop", self.crop, least=1), self.grid - 1
        for i in range(self.grid):
            for j in range(self.grid):
                yield from and_mirrored(crop_at("GridCropView", pictures, size, i / last, j / last), self.flip)
