"""AlexNet's change of light: along the directions in which the colours of a data set vary most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyconv import kernels
from tinyconv.errors import ArgumentError

from .arguments import number
from .base import Transform
from .color import check_colours
from .pieces import each

# Of ImageNet's colours from 0 to 1: published with fb.resnet.torch (datasets/imagenet.lua), "computed from
# random subset of ImageNet training images". Each column of the second is a direction in red, green, blue.
IMAGENET_EIGENVALUES = (0.2175, 0.0188, 0.0045)
IMAGENET_EIGENVECTORS = (
    (-0.5675, 0.7192, 0.4009),
    (-0.5808, -0.0045, -0.8140),
    (-0.5836, -0.6948, 0.4203),
)
CHUNK = 256  # pictures that are looked at together


@dataclass(frozen=True)
class Lighting(Transform):
    """y[n] = x[n] + sum_k a[n, k] eigenvalues[k] p_k   at every pixel, cut off at black and white

    p_k is column k of `eigenvectors` (C, C), both of the covariance of the data's colours from 0 to 1 (ImageNet's;
    `Lighting.of(dataset)` computes others). a[n, k] is drawn from the normal distribution of mean 0, deviation `std`.

    ShapeError for another number of channels. Krizhevsky et al. 2012, section 4.1, where std is 0.1.
    """

    std: float = 0.1
    eigenvalues: Any = IMAGENET_EIGENVALUES
    eigenvectors: Any = IMAGENET_EIGENVECTORS

    def __post_init__(self) -> None:
        values, vectors = (_floats(name, getattr(self, name)) for name in ("eigenvalues", "eigenvectors"))
        if values.ndim != 1 or vectors.shape != (len(values), len(values)):
            raise ArgumentError(
                "Lighting",
                f"eigenvalues have shape {values.shape}, eigenvectors {vectors.shape}; they must be (C,) and (C, C).",
            )
        vars(self).update(
            std=number("Lighting", "std", self.std, 0),
            eigenvalues=tuple(values.tolist()),
            eigenvectors=tuple(map(tuple, vectors.tolist())),
        )

    @classmethod
    def of(cls, dataset: Any, std: float = 0.1) -> Lighting:
        """With the eigenvalues and eigenvectors of the colours of all pixels of a data set."""
        count, total, products = 0, 0.0, 0.0
        for begin in range(0, len(dataset), CHUNK):
            for x in dataset.batch(np.arange(begin, min(begin + CHUNK, len(dataset)))):
                colours = x.reshape(len(x), -1) / (255 if x.dtype == np.uint8 else 1)  # (C, H W)
                count += colours.shape[1]
                total = total + colours.sum(1)
                products = products + colours @ colours.T
        if count == 0:
            raise ArgumentError("Lighting.of", "the data set has no pixels.")
        mean = total / count
        values, vectors = np.linalg.eigh(products / count - np.outer(mean, mean))
        return cls(std, values[::-1], vectors[:, ::-1])

    def apply(self, images: Any, rng: np.random.Generator) -> Any:
        C = len(self.eigenvalues)
        check_colours("Lighting", images, (C,))
        a = self.std * rng.standard_normal((len(images), C))
        shifts = (a * self.eigenvalues) @ np.transpose(self.eigenvectors)  # (N, C)
        return each(
            lambda x, shifts: kernels.shift_colours(x, shifts * (255 if x.dtype == np.uint8 else 1)), images, shifts
        )


def _floats(argument: str, values: Any) -> np.ndarray:
    try:
        array = np.array(values, np.float64)
    except (TypeError, ValueError):
        array = np.array(np.nan)
    if not np.isfinite(array).all():
        raise ArgumentError("Lighting", f"{argument} is {values!r}; it must be an array of numbers.")
    return array
