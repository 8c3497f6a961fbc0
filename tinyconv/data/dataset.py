"""A labelled set of pictures, held in memory."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyconv.errors import ArgumentError, DataError, DTypeError, ShapeError


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Dataset:
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

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Dataset(self.images[index], self.labels[index], self.classes, self.name)
        if np.ndim(index):
            return self.subset(index)
        i = operator.index(index)
        return self.images[i], int(self.labels[i])

    def __repr__(self) -> str:
        N, *picture = self.images.shape
        size = "x".join(map(str, picture))
        return f"Dataset({self.name}: {N} images {size} {self.images.dtype}, {len(self.classes)} classes)"

    def batch(self, indices: Any) -> np.ndarray:
        """The pictures with these numbers, (n, C, H, W)."""
        return self.images[indices]

    def subset(self, indices: Any) -> Dataset:
        """The pictures with these numbers, in this order; or those where a boolean mask is true."""
        indices = np.asarray(indices)
        if indices.dtype == bool and indices.shape == self.labels.shape:
            indices = np.flatnonzero(indices)
        if indices.ndim != 1 or (indices.dtype.kind not in "iu" and indices.size):
            raise ArgumentError(
                "Dataset.subset",
                f"indices are {indices.dtype} of shape {indices.shape}; "
                f"give a list of whole numbers, or a boolean mask of shape {self.labels.shape}.",
            )
        wrong = indices[(indices < -len(self)) | (indices >= len(self))]
        if wrong.size:
            raise ArgumentError("Dataset.subset", f"index {wrong[0]} is outside the {len(self)} images of {self.name}.")
        indices = indices.astype(np.intp)
        return Dataset(self.images[indices], self.labels[indices], self.classes, self.name)

    def split(self, size: int | float, seed: int = 0, stratified: bool = False) -> tuple[Dataset, Dataset]:
        """Two sets without a common picture: the rest, and `size` pictures held out at random.

        size        how many, or a fraction such as 0.1
        seed        the split depends on it alone, not on the random streams: a resumed run, or one with
                    other weights, holds out the same pictures
        stratified  hold out the same fraction of each class, within one picture
        """
        N = len(self)
        count = round(size * N) if isinstance(size, float) else operator.index(size)
        if not 0 < count < N:
            raise ArgumentError(
                "Dataset.split",
                f"size is {size}: of {N} images {count} would be held out; 1 to {N - 1} can be.",
            )
        order = np.random.default_rng(seed).permutation(N)
        if stratified:
            order = order[_deal(self.labels[order])]
        return self.subset(np.sort(order[count:])), self.subset(np.sort(order[:count]))

    def statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of each channel, with white = 1: what `Normalize` takes."""
        C, step = self.images.shape[1], 1000  # in pieces: a float64 copy of everything may not fit
        pieces = [self.images[i : i + step] for i in range(0, len(self), step)]
        white = 255 if self.images.dtype == np.uint8 else 1
        pixels = self.images.size // C
        mean = sum(piece.sum((0, 2, 3), dtype=np.float64) for piece in pieces) / pixels
        squares = sum(((piece - mean.reshape(C, 1, 1)) ** 2).sum((0, 2, 3)) for piece in pieces)
        std = np.sqrt(squares / pixels)
        return tuple((mean / white).tolist()), tuple((std / white).tolist())


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


def _deal(labels: np.ndarray) -> np.ndarray:
    """An order whose every beginning has each class in its due proportion.

    The r-th of the n pictures of a class (r = 0, 1, ...) is due at (r + 1/2) / n of the way.
    """
    counts = np.bincount(labels)
    by_class = np.argsort(labels, kind="stable")
    rank = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    due = np.empty(len(labels))
    due[by_class] = (rank + 0.5) / counts[labels[by_class]]
    return np.argsort(due, kind="stable")
