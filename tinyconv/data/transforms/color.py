"""Pictures in other light: brighter, paler, of another hue."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from tinyconv import kernels
from tinyconv.backend import is_array
from tinyconv.errors import ShapeError

from .arguments import interval, number
from .base import Transform
from .pieces import each


@dataclass(frozen=True)
class ColorJitter(Transform):
    """Each picture's brightness, contrast, saturation and hue are changed by random factors, in random order.

    brightness  x -> f x                             f is drawn from [max(0, 1 - brightness), 1 + brightness]
    contrast    x -> f x + (1 - f) mean grey           of the whole picture; f likewise
    saturation  x -> f x + (1 - f) grey                of the pixel; f likewise
    hue         turned by f of the colour circle     f is drawn from [-hue, hue], hue at most 1/2
    Each may be a pair (lowest, highest) instead.

    Meaning and checks are torchvision's, whose draws are the same for a whole batch, though: here factors and order
    are each picture's own. Pictures of one channel have neither saturation nor hue. kernels/colour.py has the formulas.
    """

    brightness: Any = 0.0
    contrast: Any = 0.0
    saturation: Any = 0.0
    hue: Any = 0.0

    def __post_init__(self) -> None:
        # The class is frozen: fields are set past its __setattr__.
        factors = {name: _around_1(name, getattr(self, name)) for name in ("brightness", "contrast", "saturation")}
        vars(self).update(factors, hue=_around_0(self.hue))

    def apply(self, images: Any, rng: np.random.Generator) -> Any:
        check_colours("ColorJitter", images, (1, 3))
        u = rng.random((len(images), 8))
        low, high = np.transpose([self.brightness, self.contrast, self.saturation, self.hue])
        order = u[:, :4].argsort(1)
        return each(kernels.jitter_colours, images, order, low + (high - low) * u[:, 4:])


def check_colours(name: str, images: Any, counts: tuple[int, ...]) -> None:
    """Refuse pictures that have not one of these numbers of channels."""
    for x in images[:1] if is_array(images) else images:
        if x.shape[0] not in counts:
            expected = " or ".join(map(str, counts))
            raise ShapeError(name, f"a picture has {x.shape[0]} channels, expected {expected}.")


def _around_1(argument: str, value: Any) -> tuple[float, float]:
    if isinstance(value, Real):
        value = number("ColorJitter", argument, value, 0)
        return max(0.0, 1 - value), 1 + value
    return interval("ColorJitter", argument, value, 0)


def _around_0(value: Any) -> tuple[float, float]:
    if isinstance(value, Real):
        value = number("ColorJitter", "hue", value, 0, 0.5)
        return -value, value
    return interval("ColorJitter", "hue", value, -0.5, 0.5)
