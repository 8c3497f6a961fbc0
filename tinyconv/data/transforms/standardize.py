"""Every picture at the same mean and contrast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinyconv import kernels

from .base import Transform
from .pieces import each


@dataclass(frozen=True)
class Standardize(Transform):
    """y[n] = (x[n] - mean) / max(std, 1/sqrt(P)),   mean and std over the P = C H W numbers of picture n alone

    x is uint8, whose 0..255 counts as 0..1, or floating point; y is floating point (float32 of uint8).
    It comes last, in the place of Normalize, which takes the mean and std of a whole data set. 1/sqrt(P) keeps
    pictures of a single colour from being divided by 0.
    """

    draws: ClassVar[bool] = False

    def apply(self, images: Any, rng: np.random.Generator) -> Any:
        return each(kernels.standardize, images)
