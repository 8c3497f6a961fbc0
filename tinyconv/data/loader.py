"""Batches of a data set, in an order that a checkpoint can take up again."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import numpy as np

from tinyconv import random
from tinyconv.backend import check_device
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.geometry import is_whole, whole
from tinyconv.tensor import Tensor

from .labelled import of_each
from .transforms import Transform
from .upload import Uploader, one_ahead

Batch = tuple[np.ndarray, Any]


class DataLoader:
    """Each `for images, labels in loader` is one epoch: every picture once, in batches, as Tensors.

    dataset      a Dataset or FolderDataset; or anything of a length that has `batch(indices)` and `labels`, an array
                 or, for a net with several outputs, {name: array}
    batch_size   pictures a batch; the last batch may be smaller
    shuffle      a new order each epoch, drawn from tinyconv.random.stream("shuffle") as the epoch begins
    drop_last    leave out a last batch that would be smaller
    transform    a Transform, or any function of a whole batch of images; None changes nothing
    mix          function (images, labels, rng) -> (images, probabilities (N, K)) that comes last, such as Mixup
    num_workers  threads that prepare the next batches while one is worked on; 0: each when it is asked for
    device       where the batches go. On a GPU the pictures are transformed there, as they come from the data set,
                 and the next batch is copied there while one is worked on

    Every batch has a random generator of its own, made from a key that the epoch draws from
    tinyconv.random.stream("augment"), and the batch's number: the threads change nothing but the time.

    `len(loader)` is the number of batches. A loop that is broken off does not go on: the next one is a new
    epoch, except after `load_state_dict`.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 64,
        shuffle: bool = False,
        drop_last: bool = False,
        transform: Transform | Callable[[Any], Any] | None = None,
        mix: Callable[[Any, Any, np.random.Generator], tuple[Any, Any]] | None = None,
        num_workers: int = 0,
        device: str = "cpu",
    ):
        if not hasattr(dataset, "batch") or not hasattr(dataset, "labels"):
            raise ArgumentError(
                "DataLoader",
                f"dataset is a {type(dataset).__name__}; make one with Dataset(images, labels, classes).",
            )
        if not is_whole(batch_size) or batch_size < 1:
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
        self.mix = mix
        self.num_workers = whole("DataLoader", "num_workers", num_workers, least=0)
        self.device = check_device(device)
        self._generator: Any = None  # the state of the stream of orders as the epoch began
        self._key = 0  # of the epoch's random pictures
        self._position = 0  # batches handed out in this epoch
        self._restored = False

    def __len__(self) -> int:
        batches = len(self.dataset) / self.batch_size
        return math.floor(batches) if self.drop_last else math.ceil(batches)

    def __iter__(self) -> Iterator[tuple[Tensor, Any]]:
        order = self._begin()
        positions = range(self._position, len(self))
        if self.device != "cpu":
            batches = self._uploaded(order, positions)
        else:
            batches = self._each(self._prepare, order, positions)
        for position, (images, labels) in zip(positions, batches, strict=True):
            self._position = position + 1
            yield Tensor(images), of_each(Tensor, labels)
        self._position = 0

    def _begin(self) -> np.ndarray:
        """The order of the epoch that begins now, or of the one that `load_state_dict` put us into."""
        again, self._restored = self._restored, False
        stream = random.stream("shuffle")
        if not again:
            self._position = 0
            self._generator = stream.bit_generator.state
            draws = self.mix is not None or getattr(self.transform, "draws", False)
            self._key = int(random.stream("augment").integers(2**63)) if draws else 0
        else:  # draw the order again, beside the stream: that has its own place in a checkpoint
            stream = np.random.Generator(type(stream.bit_generator)())
            stream.bit_generator.state = self._generator
        return stream.permutation(len(self.dataset)) if self.shuffle else np.arange(len(self.dataset))

    # ------------------------------------------------------------ preparing batches

    def _prepare(self, order: np.ndarray, position: int) -> Batch:
        """Batch number `position` of the epoch."""
        return self._transformed(*self._fetch(order, position), position)

    def _fetch(self, order: np.ndarray, position: int) -> Batch:
        """Its pictures and labels, as the data set has them."""
        chosen = order[position * self.batch_size : (position + 1) * self.batch_size]
        return self.dataset.batch(chosen), of_each(lambda t: t[chosen], self.dataset.labels)

    def _transformed(self, images: Any, labels: Any, position: int) -> Batch:
        rng = np.random.default_rng([self._key, position])
        if isinstance(self.transform, Transform):
            images = self.transform(images, rng)
        elif self.transform is not None:
            images = self.transform(images)
        if self.mix is not None:
            images, labels = self.mix(images, labels, rng)
        if isinstance(images, list):
            sizes = ", ".join(sorted({"x".join(map(str, x.shape[1:])) for x in images})[:3])
            problem = f"the pictures of a batch have different sizes ({sizes}, ...)"
            raise ShapeError("DataLoader", f"{problem}; add Resize and CenterCrop, or RandomResizedCrop.")
        return images, labels

    def _each(self, prepare: Callable[..., Batch], order: np.ndarray, positions: Sequence[int]) -> Iterator[Batch]:
        """prepare(order, position) of each position: in threads, up to two for each beforehand, or when asked for."""
        if not self.num_workers:
            yield from (prepare(order, position) for position in positions)
            return
        ahead: deque[Future[Batch]] = deque()
        pool = ThreadPoolExecutor(self.num_workers, thread_name_prefix="tinyconv-loader")
        try:
            for position in positions:
                # In a copy of the context, for the engine that was chosen holds in the threads as well.
                ahead.append(pool.submit(copy_context().run, prepare, order, position))
                if len(ahead) > 2 * self.num_workers:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:  # the loop may have been broken off
            pool.shutdown(wait=True, cancel_futures=True)

    def _uploaded(self, order: np.ndarray, positions: Sequence[int]) -> Iterator[Batch]:
        """The same batches, transformed on the GPU if their pictures are one array; otherwise where they are made."""
        uploader = Uploader(self.device)

        def send(numbered: tuple[int, Batch]) -> tuple[int, Any, Any]:
            position, (images, labels) = numbered
            if isinstance(images, list):
                images, labels = self._transformed(images, labels, position)
                position = -1
            return position, uploader.send(images), labels

        def arrived(sent: tuple[int, Any, Any]) -> Batch:
            position, images, labels = sent[0], uploader.arrived(sent[1]), sent[2]
            return (images, labels) if position < 0 else self._transformed(images, labels, position)

        yield from one_ahead(zip(positions, self._each(self._fetch, order, positions), strict=True), send, arrived)

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
            "key": self._key,
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
        self._key = whole("DataLoader.load_state_dict", "key", state.get("key"), least=0)
        self._position, self._generator, self._restored = position, generator, position > 0
