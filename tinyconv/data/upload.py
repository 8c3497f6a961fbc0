"""Batches on their way to a GPU: the next one is copied while the GPU works on the one before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinyconv.backend import Array, check_device, cupy, pinned


class Uploader:
    """Copies arrays from pinned memory, which a GPU reads by itself, in a stream of its own.

    A place in pinned memory is used again for every second array, and only once its copy is done.
    """

    def __init__(self, device: str):
        self.xp = cupy()
        self.device = self.xp.cuda.Device(int(check_device(device).partition(":")[2] or 0))
        with self.device:
            self.stream = self.xp.cuda.Stream(non_blocking=True)
        self.places: list[tuple[np.ndarray, Any]] = []  # each with the event of its last copy
        self.turn = 0

    def send(self, x: np.ndarray) -> tuple[Array, Any]:
        """The array on the GPU, and the event after which it is there: `arrived` waits for it."""
        cuda = self.xp.cuda
        with self.device:
            there = self.xp.empty(x.shape, x.dtype)
            room = cuda.Event(disable_timing=True)
            room.record()  # what was in this memory before is no longer read
            place = self._place(x.nbytes)[: x.nbytes].view(x.dtype).reshape(x.shape)
            np.copyto(place, x)
            with self.stream:
                self.stream.wait_event(room)
                there.set(place, stream=self.stream)
                done = cuda.Event(disable_timing=True)
                done.record(self.stream)
            self.places[self.turn] = self.places[self.turn][0], done
        return there, done

    def arrived(self, sent: tuple[Array, Any]) -> Array:
        """The array, for what is launched from now on."""
        there, done = sent
        self.device.use()
        self.xp.cuda.get_current_stream().wait_event(done)
        return there

    def _place(self, size: int) -> np.ndarray:
        if len(self.places) < 2:
            self.places.append((pinned(size), None))
            self.turn = len(self.places) - 1
        else:
            self.turn = 1 - self.turn
        memory, done = self.places[self.turn]
        if done is not None:
            done.synchronize()
        if memory.size < size:
            memory = pinned(size)
            self.places[self.turn] = memory, None
        return memory


def one_ahead(batches: Iterator[Any], send: Any, arrived: Any) -> Iterator[Any]:
    """arrived(send(batch)) of each batch, the next one being sent before this one is handed out."""
    sent = None
    for batch in batches:
        on_its_way = send(batch)
        if sent is not None:
            yield arrived(sent)
        sent = on_its_way
    if sent is not None:
        yield arrived(sent)
