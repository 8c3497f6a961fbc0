"""A rehearsal: everything happens but the work of compiled kernels, to see what memory it takes.

Results and scratch lie where nobody writes, so that they are there but take no memory; a training step of a large net
is rehearsed in a moment. What NumPy makes by itself is made as always.
"""

from __future__ import annotations

import mmap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Rehearsal:
    """One that goes on.

    sizes   bytes of all large arrays that were made, in order
    events  i where the i-th of them was made, ~i where it went
    lent    bytes of those that are there now
    on_loan, on_kernel  called before one is made, and where a kernel would run
    """

    def __init__(self, on_loan: Callable[[], object], on_kernel: Callable[[], object]):
        self.sizes: list[int] = []
        self.events: list[int] = []
        self.lent = 0
        self.on_loan, self.on_kernel = on_loan, on_kernel

    def lend(self, size: int) -> Unwritten:
        """So many bytes for an array."""
        self.on_loan()
        memory = Unwritten(-1, size)
        memory.rehearsal, memory.number = self, len(self.sizes)
        self.sizes.append(size)
        self.events.append(memory.number)
        self.lent += size
        return memory


class Unwritten(mmap.mmap):
    """Zeros, which take no memory as long as nobody writes."""

    rehearsal: Rehearsal | None = None
    number: int

    def __del__(self) -> None:
        if self.rehearsal is not None:
            self.rehearsal.events.append(~self.number)
            self.rehearsal.lent -= len(self)


class _Stage(threading.local):
    now: Rehearsal | None = None  # in this Python thread


stage = _Stage()


@contextmanager
def rehearsing(rehearsal: Rehearsal) -> Iterator[None]:
    """Everything in here, in this Python thread, is a rehearsal."""
    outer, stage.now = stage.now, rehearsal
    try:
        yield
    finally:
        stage.now = outer
