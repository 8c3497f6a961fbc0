"""What is done to a batch of images before a net sees it; a run folder keeps it as a plain dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError


@dataclass(frozen=True, init=False)
class Normalize:
    """y[n,c] = (x[n,c] - mean[c]) / std[c]  for images x (N, C, H, W), as float32.

    x is uint8 from 0 (black) to 255 (white), which count as 0 and 1, or floating point in 0..1.
    `mean` and `std` have one number a channel; `Dataset.statistics()` computes them.
    ArgumentError for a std that is not positive, ShapeError for another number of channels.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __init__(self, mean: Sequence[float], std: Sequence[float]):
        # The class is frozen: fields are set past its __setattr__.
        vars(self).update(mean=_numbers("mean", mean), std=_numbers("std", std))
        if len(self.mean) != len(self.std) or min(self.std) <= 0:
            raise ArgumentError(
                "Normalize",
                f"mean is {self.mean}, std {self.std}; they must be as long, and every std positive.",
            )

    def __call__(self, images: np.ndarray) -> np.ndarray:
        C = len(self.mean)
        if images.ndim != 4 or images.shape[1] != C:
            raise ShapeError("Normalize", f"images have shape {images.shape}, expected (N, {C}, H, W).")
        if images.dtype != np.uint8 and images.dtype.kind != "f":
            raise DTypeError("Normalize", f"images are {images.dtype}; they must be uint8 or floating point.")
        white = 255 if images.dtype == np.uint8 else 1
        mean, std = np.reshape(self.mean, (C, 1, 1)), np.reshape(self.std, (C, 1, 1))
        y = images.astype(np.float32)
        y *= (1 / (white * std)).astype(np.float32)
        y -= (mean / std).astype(np.float32)
        return y

    def to_dict(self) -> dict[str, Any]:
        """Name and arguments, fit for JSON; `transform_from_dict` reads them."""
        return {"name": "Normalize", "mean": list(self.mean), "std": list(self.std)}


TRANSFORMS = {"Normalize": Normalize}


def transform_from_dict(description: Mapping[str, Any]) -> Normalize:
    """The transform that `to_dict` described. UnknownNameError or ArgumentError if it cannot be one."""
    arguments = dict(description)
    name = arguments.pop("name", None)
    if name not in TRANSFORMS:
        raise UnknownNameError("transform_from_dict", "transform", str(name), TRANSFORMS)
    try:
        return TRANSFORMS[name](**arguments)
    except TypeError as error:
        raise ArgumentError(
            "transform_from_dict", f"{dict(description)} does not describe a {name}: {error}."
        ) from None


def _numbers(name: str, values: Sequence[float]) -> tuple[float, ...]:
    """One finite number a channel, as plain floats."""
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ArgumentError("Normalize", f"{name} is {values!r}; it must be a sequence with one number a channel.")
    return tuple(array.tolist())
