"""Pictures as numbers around zero: each channel of the whole data set to mean 0 and variance 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyconv.backend import constant
from tinyconv.errors import ArgumentError, ShapeError

from .base import Transform, check_same_size


@dataclass(frozen=True)
class Normalize(Transform):
    """y[n,c] = (x[n,c] - mean[c]) / std[c]  for images x (N, C, H, W), as float32.

    x is uint8 from 0 (black) to 255 (white), which count as 0 and 1, or floating point in 0..1.
    `mean` and `std` have one number a channel; `Dataset.statistics()` computes them.
    ArgumentError for a std that is not positive, ShapeError for another number of channels.
    """

    mean: Sequence[float]
    std: Sequence[float]

    draws = False

    def __post_init__(self) -> None:
        # The class is frozen: fields are set past its __setattr__.
        vars(self).update(mean=_numbers("mean", self.mean), std=_numbers("std", self.std))
        if len(self.mean) != len(self.std) or min(self.std) <= 0:
            raise ArgumentError(
                "Normalize",
                f"mean is {self.mean}, std {self.std}; they must be as long, and every std positive.",
            )

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        C = len(self.mean)
        check_same_size("Normalize", images)
        if images.shape[-3] != C:
            raise ShapeError("Normalize", f"images have shape {images.shape}, expected (N, {C}, H, W).")
        white = 255 if images.dtype == np.uint8 else 1
        mean, std = np.reshape(self.mean, (C, 1, 1)), np.reshape(self.std, (C, 1, 1))
        y = images.astype(np.float32)
        y *= constant(1 / (white * std), np.float32, images)
        y -= constant(mean / std, np.float32, images)
        return y


def _numbers(name: str, values: Sequence[float]) -> tuple[float, ...]:
    """One finite number a channel, as plain floats."""
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ArgumentError("Normalize", f"{name} is {values!r}; it must be a sequence with one number a channel.")
    return tuple(array.tolist())
