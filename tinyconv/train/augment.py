"""Augmentation in a configuration's words: `rotation = 5`, `hflip = true`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any

from tinyconv.data import transforms as t
from tinyconv.errors import ArgumentError, UnknownNameError


@dataclass(frozen=True)
class Augmentation:
    """What happens to training pictures, each time anew, in this order. No word, no change.

    scale_jitter  (lowest, highest) length of the shortest side, then a crop of the net's size from anywhere
    resized_crop  true: a piece of 8 % to 100 % of the picture, brought to the net's size; or the lowest share
    crop          pixels of black border that are added before a crop of the net's size from anywhere
    rotation      degrees, to either side    zoom   share by which height and width grow or shrink, each its own
    shear         degrees, to either side    shift  share of height and width, to either side; or a pair (right, down)
    fill          what these four let in: "edge" (the border pixel), "constant" (black), "reflect" or "wrap"
    hflip, vflip  true: half of the pictures are mirrored; or their share
    color         share by which brightness, contrast and saturation change; or these three and the hue's
    lighting      AlexNet's change of light, standard deviation (0.1)
    cutout        side of a square that is hidden behind the mean colour
    mixup         alpha of the Beta distribution by which two pictures are mixed
    """

    scale_jitter: Any = ()
    resized_crop: Any = False
    crop: int = 0
    rotation: Any = 0.0
    zoom: float = 0.0
    shift: Any = 0.0
    shear: Any = 0.0
    fill: str = "edge"
    hflip: Any = False
    vflip: Any = False
    color: Any = 0.0
    lighting: float = 0.0
    cutout: Any = 0
    mixup: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.zoom, Real) or not 0 <= self.zoom < 1:
            raise ArgumentError("augment", f"zoom is {self.zoom!r}; it must be a share of at least 0 and below 1.")
        ways = [word for word in ("scale_jitter", "resized_crop", "crop") if getattr(self, word)]
        if len(ways) > 1:
            raise ArgumentError("augment", f"{' and '.join(ways)} both cut out a piece; choose one of them.")
        # Wrong amounts are refused here, before anything is loaded.
        self.before((64, 64)), self.after(), self.mix(2)

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> Augmentation:
        """From a configuration's words; an unknown one is refused."""
        known = [field.name for field in fields(cls)]
        for word in words:
            if word not in known:
                raise UnknownNameError("augment", "kind of augmentation", word, known)
        return cls(**words)

    @property
    def makes_one_size(self) -> bool:
        """Does it make pictures of one size out of any?"""
        return bool(self.scale_jitter or self.resized_crop)

    def before(self, size: tuple[int, int]) -> list[t.Transform]:
        """The transforms of pictures of 0..255, whose results have this size."""
        chosen: list[t.Transform] = []
        if self.scale_jitter:
            chosen += [t.ScaleJitter(*_pair("scale_jitter", self.scale_jitter)), t.RandomCrop(size)]
        if self.resized_crop:
            lowest = 0.08 if self.resized_crop is True else self.resized_crop
            chosen.append(t.RandomResizedCrop(size, (lowest, 1.0)))
        if self.crop:
            chosen.append(t.RandomCrop(size, padding=self.crop))
        if self.rotation or self.zoom or self.shift or self.shear:
            scale = (1 - self.zoom, 1 + self.zoom)
            chosen.append(
                t.RandomAffine(self.rotation, self.shift, scale, self.shear, per_axis=True, fill_mode=self.fill)
            )
        if self.hflip:
            chosen.append(t.RandomHorizontalFlip(0.5 if self.hflip is True else self.hflip))
        if self.vflip:
            chosen.append(t.RandomVerticalFlip(0.5 if self.vflip is True else self.vflip))
        if self.color:
            chosen.append(t.ColorJitter(*([self.color] * 3 if isinstance(self.color, Real) else self.color)))
        if self.lighting:
            chosen.append(t.Lighting(self.lighting))
        return chosen

    def after(self) -> list[t.Transform]:
        """The transforms of normalised pictures, where 0 is the mean colour."""
        return [t.Cutout(self.cutout)] if self.cutout else []

    def mix(self, num_classes: int) -> t.Mixup | None:
        return t.Mixup(self.mixup, num_classes) if self.mixup else None


def _pair(word: str, value: Any) -> tuple[Any, Any]:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise ArgumentError("augment", f"{word} is {value!r}; it must be a pair, such as [256, 512].")
    return value[0], value[1]
