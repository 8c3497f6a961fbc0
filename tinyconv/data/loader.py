"""Batches of a data set, in an order that a checkpoint can take up again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from tinyconv import random
from tinyconv.errors import ArgumentError
from tinyconv.tensor import Tensor

from .dataset import Dataset

Transform = Callable[[np.ndarray], np.ndarray]


class DataLoader:
    """Each `for images, labels in loader` is one epoch: every picture once, in batches, as Tensors.

    batch_size  pictures a batch; the last batch may be smaller
    shuffle     a new order each epoch, drawn from tinyconv.random.stream("shuffle") as the epoch begins
    drop_last   leave out a last batch that would be smaller
    transform   function of a whole batch of images (N, C, H, W), such as Normalize; None changes nothing

    `len(loader)` is the number of batches. A loop that is broken off does not go on: the next one is a new
    epoch, except after `load_state_dict`.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 64,
        shuffle: bool = False,
        drop_last: bool = False,
        transform: Transform | None = None,
    ):
        if not isinstance(dataset, Dataset):
            raise ArgumentError(
                "DataLoader",
                f"dataset is a {type(dataset).__name__}; make one with Dataset(images, labels, classes).",
            )
        if not isinstance(batch_size, (int, np.integer)) or isinstance(batch_size, bool) or batch_size < 1:
            raise ArgumentError("DataLoader", f"batch_size is {batch_size!r}; it must be a whole number of at least 1.")
        if drop_last and batch_size > len(dataset):
            raise ArgumentError(
                "DataLoader",
                f"batch_size {batch_size} with drop_last leaves no batch of {len(dataset)} images; lower it.",
            )
        self.dataset = dataset
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.transform = transform
        self._generator: Any = None  # the stream's state as the epoch began
        self._position = 0  # batches handed out in this epoch
        self._restored = False

    def __len__(self) -> int:
        batches = len(self.dataset) / self.batch_size
        return math.floor(batches) if self.drop_last else math.ceil(batches)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = self._begin()
        for position in range(self._position, len(self)):
            batch = order[position * self.batch_size : (position + 1) * self.batch_size]
            images, labels = self.dataset.images[batch], self.dataset.labels[batch]
            if self.transform is not None:
                images = self.transform(images)
            self._position = position + 1
            yield Tensor(images), Tensor(labels)
        self._position = 0

    def _begin(self) -> np.ndarray:
        """The order of the epoch that begins now, or of the one that `load_state_dict` put us into."""
        again, self._restored = self._restored, False
        stream = random.stream("shuffle")
        if not again:
            self._position = 0
            self._generator = stream.bit_generator.state
        else:  # draw the order again, beside the stream: that has its own place in a checkpoint
            stream = np.random.Generator(type(stream.bit_generator)())
            stream.bit_generator.state = self._generator
        return stream.permutation(len(self.dataset)) if self.shuffle else np.arange(len(self.dataset))

    def state_dict(self) -> dict[str, Any]:
        """Where the loader stands: after the last batch handed out. Plain numbers and strings, fit for JSON.

        After the last batch of an epoch that is the end of this epoch: once resumed, the loop goes on with no
        batch. As soon as the loop has ended, it is the beginning of the next epoch. The random streams are
        not part of it: save `tinyconv.random.get_state()` at the same moment.
        """
        return {
            "images": len(self.dataset),
            "batch_size": self.batch_size,
            "shuffle": self.shuffle,
            "drop_last": self.drop_last,
            "position": self._position,
            "generator": self._generator,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on, in the next loop, with the batch after the last one handed out before `state_dict`.

        ArgumentError, and nothing changes, if the state is of a loader with other data or settings.
        """
        own = self.state_dict()
        for key in ("images", "batch_size", "shuffle", "drop_last"):
            if state.get(key) != own[key]:
                raise ArgumentError(
                    "DataLoader.load_state_dict",
                    f"{key} is {state.get(key)!r} in the state, {own[key]!r} in this loader.",
                )
        position: Any = state.get("position")
        generator: Any = state.get("generator")
        if not isinstance(position, int) or not 0 <= position <= len(self):
            raise ArgumentError(
                "DataLoader.load_state_dict",
                f"position is {position!r}; it must be 0 to {len(self)} batches.",
            )
        if position:
            try:
                np.random.PCG64().state = generator
            except (TypeError, ValueError, KeyError):
                raise ArgumentError(
                    "DataLoader.load_state_dict",
                    f"generator is {generator!r}; it must be the state of a PCG64.",
                ) from None
        self._position, self._generator, self._restored = position, generator, position > 0
