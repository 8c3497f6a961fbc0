"""Memory for large arrays on the CPU, lent again and again.

Memory that is new to a process is cleared by the system, page by page, at the first touch: that took a quarter
to a third of a training step of LeNet-5. So what an array leaves behind is kept, and the next ones are made there.
A steady training loop takes nothing new.

_arena.py says where an array lies. Here places become arrays, and come back from whatever Python thread, or the
garbage collector at whatever moment, lets go of the last one that shows them.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from typing import TypeVar

import numpy as np

from ._arena import PAGE, Arenas
from .backend import Array, array_module
from .rehearsal import stage

T = TypeVar("T")

SMALL = 2**15  # bytes; NumPy and the C library keep so little themselves
GUARD = 4096  # bytes before and after every loan while `watch` is on

_arenas = Arenas()
_returned: deque[tuple[int, int]] = deque()  # places, with their sizes, that came back and are not yet idle
_lock, _busy = RLock(), False
_trespasses: list[str] | None = None  # what was found while `watch` is on


class _Loan(np.ndarray):
    """The bytes of one place; when the last array that shows them is gone, it comes back."""

    place: tuple[int, int] | None = None
    watched = 0  # bytes between two guards

    def __del__(self) -> None:
        if self.place is not None:
            if self.watched:
                _look_at_guards(self)
            _returned.append(self.place)  # no more than that: the garbage collector may be here in the midst of _alone


def empty(shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """A C-contiguous array of undefined content."""
    size = dtype.itemsize
    for n in shape:
        size *= n
    if stage.now is not None:
        return np.zeros(shape, dtype) if size < SMALL else np.ndarray(shape, dtype, stage.now.lend(size))
    if size < SMALL and _trespasses is None:
        return np.empty(shape, dtype)
    return np.ndarray(shape, dtype, _lend(size))


def empty_like(x: Array, shape: tuple[int, ...] | None = None) -> Array:
    """An array of x's dtype and order of axes in memory, and of x's shape or another one."""
    shape = x.shape if shape is None else shape
    order = range(x.ndim) if x.flags.c_contiguous else sorted(range(x.ndim), key=lambda axis: -x.strides[axis])
    sizes = tuple(shape[axis] for axis in order)
    y = empty(sizes, x.dtype) if isinstance(x, np.ndarray) else array_module(x).empty(sizes, x.dtype)  # it has its pool
    return y.transpose([*np.argsort(order)]) if x.ndim > 1 else y


def empty_channels_last(shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """An (N, C, H, W) array that lies in memory as (N, H, W, C)."""
    N, C, H, W = shape
    return empty((N, H, W, C), dtype).transpose(0, 3, 1, 2)


def memory_stats() -> dict[str, int]:
    """What the pool of memory for large arrays on the CPU has done so far.

    lent, idle   bytes (whole pages) that arrays occupy now, and that wait for the next ones
    most_lent    the most bytes that were ever lent at a time
    loans, new   how many arrays were made, and how many of them needed new memory
    """
    return _alone(_arenas.stats) or _arenas.stats()


def empty_cache() -> None:
    """Give idle memory back to the system."""
    _alone(_arenas.give_back)


@contextmanager
def watch() -> Iterator[list[str]]:
    """For tests: memory is lent full of NaN, between guards; the list tells of every guard that was overwritten."""
    global _trespasses
    empty_cache()
    outer, _trespasses = _trespasses, []
    try:
        yield _trespasses
    finally:
        _trespasses = outer
        empty_cache()


# ---------------------------------------------------------------- loans


def _lend(size: int) -> Array:
    watching = _trespasses is not None
    room = -(-(size + 2 * GUARD if watching else size) // PAGE) * PAGE
    found = _alone(_arenas.lend, room)
    if found is None:
        return np.empty(size, np.uint8)
    place, room, arena, distance = found
    loan = _Loan(room, np.uint8, arena, distance)
    loan.place = place, room
    if watching:
        loan.fill(0xFF)  # a NaN, as a float of any size
        loan.watched = size
        return loan[GUARD : GUARD + size]
    return loan


def _look_at_guards(loan: _Loan) -> None:
    before, after = loan[:GUARD], loan[GUARD + loan.watched :]
    if _trespasses is not None and (before.min() < 0xFF or after.min() < 0xFF):
        _trespasses.append(f"written outside of an array of {loan.watched} bytes")


def _alone(work: Callable[..., T], *arguments: int) -> T | None:
    """work(*arguments) in one Python thread at a time, after what came back has become idle.

    None if it is asked for in the middle of just this, by what a signal's handler does.
    """
    global _busy
    with _lock:
        if _busy:
            return None
        _busy = True
        try:
            while _returned:
                _arenas.take_back(*_returned.popleft())
            return work(*arguments)
        finally:
            _busy = False


if hasattr(os, "register_at_fork"):  # a child has one thread: it shall find nothing half done by another one
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)
