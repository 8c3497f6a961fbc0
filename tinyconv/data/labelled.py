"""What all sets of labelled pictures have in common, wherever the pictures are: in memory, or in files."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np

from tinyconv.errors import ArgumentError

from .transforms.base import Pictures

Set = TypeVar("Set", bound="Labelled")


class Labelled:
    """N pictures, each with the number of its class: base of `Dataset` and `FolderDataset`.

    labels         (N,) int64
    classes        the classes' names, in the order of their numbers
    name           what the set is called in reports
    picture_shape  (C, H, W); (C, None, None) if the pictures have different sizes

    `batch(indices)` gives pictures: an array (n, C, H, W), or a list of n arrays (C, H_i, W_i) if they have
    different sizes. `a_set[3]` is the pair (picture, label), `a_set[10:20]` and `a_set[indices]` are sets.
    """

    labels: np.ndarray
    classes: tuple[str, ...]
    name: str

    at_once: ClassVar[int] = 1000  # pictures that `statistics` holds as float64
    most_measured: ClassVar[int | None] = None  # and how many it looks at; None is all

    @property
    def picture_shape(self) -> tuple[int, int | None, int | None]:
        raise NotImplementedError(f"{type(self).__name__} does not define picture_shape")

    def batch(self, indices: Any) -> Pictures:
        """The pictures with these numbers."""
        raise NotImplementedError(f"{type(self).__name__} does not define batch()")

    def _part(self: Set, index: slice | np.ndarray) -> Set:
        """The set of these pictures alone."""
        raise NotImplementedError(f"{type(self).__name__} does not define _part()")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._part(index)
        if np.ndim(index):
            return self.subset(index)
        i = operator.index(index)
        return self.batch(np.array([i]))[0], int(self.labels[i])

    def subset(self: Set, indices: Any) -> Set:
        """The pictures with these numbers, in this order; or those where a boolean mask is true."""
        where = f"{type(self).__name__}.subset"
        indices = np.asarray(indices)
        if indices.dtype == bool and indices.shape == self.labels.shape:
            indices = np.flatnonzero(indices)
        if indices.ndim != 1 or (indices.dtype.kind not in "iu" and indices.size):
            raise ArgumentError(
                where,
                f"indices are {indices.dtype} of shape {indices.shape}; "
                f"give a list of whole numbers, or a boolean mask of shape {self.labels.shape}.",
            )
        wrong = indices[(indices < -len(self)) | (indices >= len(self))]
        if wrong.size:
            raise ArgumentError(where, f"index {wrong[0]} is outside the {len(self)} images of {self.name}.")
        return self._part(indices.astype(np.intp))

    def split(self: Set, size: int | float, seed: int = 0, stratified: bool = False) -> tuple[Set, Set]:
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
                f"{type(self).__name__}.split",
                f"size is {size}: of {N} images {count} would be held out; 1 to {N - 1} can be.",
            )
        order = np.random.default_rng(seed).permutation(N)
        if stratified:
            order = order[_deal(self.labels[order])]
        return self.subset(np.sort(order[count:])), self.subset(np.sort(order[:count]))

    def statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation of each channel, with white = 1: what `Normalize` takes.

        One pass, in pieces whose sums are joined as in Chan, Golub and LeVeque 1979, equation 2.1.
        """
        N, most = len(self), self.most_measured
        chosen = np.arange(N) if most is None or most >= N else np.arange(most) * N // most
        count, white = 0, 1
        mean: Any = 0.0
        squares: Any = 0.0
        for start in range(0, len(chosen), self.at_once):
            pictures = self.batch(chosen[start : start + self.at_once])
            white = 255 if pictures[0].dtype == np.uint8 else 1
            pixels = _pixels(pictures).astype(np.float64)  # (C, M)
            M = pixels.shape[1]
            own = pixels.mean(1)
            squares = squares + ((pixels - own[:, None]) ** 2).sum(1) + (own - mean) ** 2 * (count * M / (count + M))
            mean = mean + (own - mean) * (M / (count + M))
            count += M
        std = np.sqrt(squares / count)
        return tuple((mean / white).tolist()), tuple((std / white).tolist())


def _pixels(pictures: Pictures) -> np.ndarray:
    """All their pixels side by side: (C, number of pixels)."""
    if isinstance(pictures, np.ndarray):
        return pictures.swapaxes(0, 1).reshape(pictures.shape[1], -1)  # (N, C, H, W) -> (C, N H W)
    return np.concatenate([x.reshape(len(x), -1) for x in pictures], axis=1)


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


def of_each(function: Callable[[Any], Any], labels: Any) -> Any:
    """function(labels); of a net's several outputs, {name: labels}, of each."""
    if isinstance(labels, Mapping):
        return {name: function(of_output) for name, of_output in labels.items()}
    return function(labels)
