"""Pictures with a part hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .arguments import number
from .base import Transform
from .pieces import size_of, sizes_of


@dataclass(frozen=True)
class Cutout(Transform):
    """A square of `size` x `size` pixels of every picture is hidden; size = (h, w) hides a rectangle.

    Its centre may be any pixel, so it may hang over the border (that was better than keeping it inside).
    fill  what takes its place, in the pictures' units: 0..255 for uint8, 0..1 for floating point. After Normalize
          0 is the mean colour, as in the paper: DeVries and Taylor 2017, section 3.2.
    """

    size: Any
    fill: float = 0.0

    def __post_init__(self) -> None:
        vars(self).update(size=size_of("Cutout", self.size), fill=number("Cutout", "fill", self.fill, 0, 255))

    def apply(self, images: Any, rng: np.random.Generator) -> Any:
        centres = np.floor(rng.random((len(images), 2)) * sizes_of(images)).astype(int)
        begin = centres - np.array(self.size) // 2
        end = begin + self.size
        y = [x.copy() for x in images] if isinstance(images, list) else images.copy()
        for picture, (top, left), (bottom, right) in zip(y, np.maximum(begin, 0).tolist(), end.tolist(), strict=True):
            picture[:, top:bottom, left:right] = self.fill
        return y
