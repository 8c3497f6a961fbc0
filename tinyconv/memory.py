"""Memory for large arrays on the CPU, lent again and again.

Memory that is new to a process is cleared by the system, page by page, at the first touch: that took a quarter
to a third of a training step of LeNet-5. So what an array leaves behind is kept, and the next one of about its
size is made there. A steady training loop takes nothing new.
"""

from __future__ import annotations

import mmap
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .backend import Array

SMALL = 2**15  # bytes; NumPy and the C library keep so little themselves
FREE_TO_KEEP = 2**28  # bytes that the pool may have in any case; beyond them it has at most
SLACK = 1.3  # times the most that was ever lent, and an array that finds no block of about its size,
LOOSE = 1.5  # up to so many times its size, is made in a larger one, rather than in new memory
GUARD = 4096  # bytes before and after every loan while `watch` is on
# Not shared with a forked process, which would write into its parent's arrays. (Windows has no fork.)
PRIVATE: Any = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}

# What the pool has: lent and idle now, the most ever lent, the loans so far and those that needed new memory.
_counts = {"lent": 0, "idle": 0, "most_lent": 0, "loans": 0, "new": 0}
_idle: dict[int, list[tuple[int, mmap.mmap]]] = defaultdict(list)  # by size: when it came back, the memory
_trespasses: list[str] | None = None  # what was found while `watch` is on


class _Loan(np.ndarray):
    """The bytes of one block; when the last array that shows them is gone, the block is idle again."""

    block: mmap.mmap | None = None
    watched = 0  # bytes between two guards

    def __del__(self) -> None:
        if self.block is not None:
            _take_back(self)


def empty(shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """A C-contiguous array of undefined content."""
    size = dtype.itemsize
    for n in shape:
        size *= n
    if size < SMALL and _trespasses is None:
        return np.empty(shape, dtype)
    return np.ndarray(shape, dtype, _lend(size))


def empty_like(x: Array) -> Array:
    """An array of x's shape, dtype and order of axes in memory."""
    order = sorted(range(x.ndim), key=lambda axis: -x.strides[axis]) if not x.flags.c_contiguous else range(x.ndim)
    y = empty(tuple(x.shape[axis] for axis in order), x.dtype)
    return y.transpose(np.argsort(order)) if x.ndim > 1 else y


def empty_channels_last(shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """An (N, C, H, W) array that lies in memory as (N, H, W, C)."""
    N, C, H, W = shape
    return empty((N, H, W, C), dtype).transpose(0, 3, 1, 2)


def memory_stats() -> dict[str, int]:
    """What the pool of memory for large arrays on the CPU has done so far.

    lent, idle   bytes that arrays occupy now, and that wait for the next ones
    most_lent    the most bytes that were ever lent at a time
    loans, new   how many arrays were made, and how many of them needed new memory
    """
    return dict(_counts)


def empty_cache() -> None:
    """Give idle memory back to the system."""
    _discard(0)


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


# ---------------------------------------------------------------- the pool


def _lend(size: int) -> Array:
    watching = _trespasses is not None
    room = _rounded(size + 2 * GUARD if watching else size)
    block = _idle_block(room) or _new_block(room)
    _counts["loans"] += 1
    _counts["lent"] += len(block)
    _counts["most_lent"] = max(_counts["most_lent"], _counts["lent"])
    loan = _Loan(room, np.uint8, block)
    loan.block = block
    if watching:
        loan.fill(0xFF)  # a NaN, as a float of any size
        loan.watched = size
        return loan[GUARD : GUARD + size]
    return loan


def _rounded(size: int) -> int:
    """Up to the next of sixteen steps between powers of two, in whole pages."""
    step = 1 << max(size.bit_length() - 5, 12)
    return -(-size // step) * step


def _idle_block(room: int) -> mmap.mmap | None:
    """The block of this size that came back last, or one that is larger: how much, depends on what the pool has."""
    if not _idle.get(room):
        full = _counts["lent"] + _counts["idle"] + room > _limit(room)
        most = float("inf") if full else LOOSE * room
        room = min((size for size, blocks in list(_idle.items()) if blocks and room <= size <= most), default=0)
    try:
        _, block = _idle[room].pop()
    except IndexError:  # there is none, or another Python thread was faster
        return None
    _counts["idle"] -= len(block)
    return block


def _limit(room: int) -> int:
    """The bytes that the pool may have when so many more are lent."""
    return max(FREE_TO_KEEP, int(SLACK * max(_counts["most_lent"], _counts["lent"] + room)))


def _new_block(room: int) -> mmap.mmap:
    _discard(_limit(room) - room)
    _counts["new"] += 1
    return mmap.mmap(-1, room, **PRIVATE)


def _take_back(loan: _Loan) -> None:
    if loan.watched and _trespasses is not None:
        before, after = loan[:GUARD], loan[GUARD + loan.watched :]
        if before.min() < 0xFF or after.min() < 0xFF:
            _trespasses.append(f"written outside of an array of {loan.watched} bytes")
    block: Any = loan.block
    loan.block = None
    _counts["lent"] -= len(block)
    _counts["idle"] += len(block)
    _idle[len(block)].append((_counts["loans"], block))


def _discard(limit: int) -> None:
    """Let go of the blocks that lie idle longest, until the pool has no more bytes than that."""
    while _counts["idle"] and _counts["lent"] + _counts["idle"] > limit:
        longest = min(
            (blocks for blocks in list(_idle.values()) if blocks), key=lambda blocks: blocks[0][0], default=None
        )
        if longest is None:
            return
        try:
            _, block = longest.pop(0)
        except IndexError:
            continue
        _counts["idle"] -= len(block)
