"""A labelled set of pictures, held in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyconv.errors import DataError, DTypeError, ShapeError

from .labelled import Labelled


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Dataset(Labelled):
    """N pictures of the same size, each with the number of its class.

    images   (N, C, H, W), uint8 (0..255) or floating point (0..1); kept as a read-only view
    labels   (N,), whole numbers, 0 <= label < number of classes; kept as int64
    classes  the classes' names, in the order of their numbers, or just how many there are
    name     what the set is called in reports

    `dataset[3]` is the pair (image, label); `dataset[10:20]` and `dataset[indices]` are Datasets.
    ShapeError, DTypeError or DataError (empty, label out of range) if the parts do not fit together.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    name: str

    def __init__(self, images: Any, labels: Any, classes: int | Sequence[str], name: str = "data"):
        images, labels = np.asarray(images).view(), np.asarray(labels)
        names = tuple(map(str, range(classes))) if isinstance(classes, int) else tuple(classes)
        _check(images, labels, len(names))
        labels = labels.astype(np.int64)
        for array in (images, labels):
            array.flags.writeable = False
        # The class is frozen: fields are set past its __setattr__.
        vars(self).update(images=images, labels=labels, classes=names, name=name)

    def __repr__(self) -> str:
        N, *picture = self.images.shape
        size = "x".join(map(str, picture))
        return f"Dataset({self.name}: {N} images {size} {self.images.dtype}, {len(self.classes)} classes)"

    @property
    def picture_shape(self) -> tuple[int, int | None, int | None]:
        return self.images.shape[1:]

    def batch(self, indices: Any) -> np.ndarray:
        """The pictures with these numbers, (n, C, H, W)."""
        return self.images[indices]

    def _part(self, index: slice | np.ndarray) -> Dataset:
        return Dataset(self.images[index], self.labels[index], self.classes, self.name)


def _check(images: np.ndarray, labels: np.ndarray, K: int) -> None:
    """Do N images, N labels and K classes fit together?"""
    if images.ndim != 4:
        raise ShapeError("Dataset", f"images have shape {images.shape}; they must be (N, C, H, W).")
    if labels.shape != images.shape[:1]:
        raise ShapeError(
            "Dataset", f"labels have shape {labels.shape}; {images.shape[0]} images need ({len(images)},)."
        )
    if images.size == 0:
        raise DataError("Dataset", f"images have shape {images.shape}: there is nothing in them.")
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise DTypeError("Dataset", f"images are {images.dtype}; they must be uint8 (0..255) or floating point (0..1).")
    if labels.dtype.kind not in "iu":
        raise DTypeError("Dataset", f"labels are {labels.dtype}; they must be whole numbers: labels.astype(np.int64).")
    wrong = np.flatnonzero((labels < 0) | (labels >= K))
    if wrong.size:
        i = wrong[0]
        raise DataError("Dataset", f"label {labels[i]} of image {i} is not one of {K} classes (0..{K - 1}).")
