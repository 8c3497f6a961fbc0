"""Where in memory loans lie: cut out of what is idle, and one with their neighbours when they come back.

An arena is a long row of addresses. Its pages take no memory until they are first written to, and never return
to the system while a training loop runs: a page that is new has to be cleared, which costs more than most kernels.

    | lent | lent | idle | lent | idle  | bare ...                |
                                          no memory behind it yet

A loan lies in the smallest idle range that it fits; only where there is none, memory grows into what is bare. So
a loop that repeats its loans takes nothing new, and needs little more than the most that it has lent at a time.

While the pool is small, what comes back is not cut but kept whole for the next loan of about its size, of which
each core then writes the part that it wrote before. Where another core wrote last, that can take five times as
long: a step of LeNet-5 took up to a fifth longer with ranges that are cut. Large nets compute more for each byte.
"""

from __future__ import annotations

import mmap
from bisect import bisect_left, insort
from typing import Any

PAGE = mmap.PAGESIZE
ARENA = 2**30  # bytes of addresses to begin with; later arenas are as large as all before
BITS = 48  # A place is the arena's number and a distance from its beginning, of so many bits.
KEEP = 2**26  # bytes that the pool may have before it cuts anything; until then
LOOSE = 1.5  # a loan gets a range of up to so many times its size
FEW = 128  # A loan that is so many times smaller than the pool is cut from a range's end. It is often lent for longer
# than those around it, and at a range's end, beside others of its kind, it keeps fewer of them apart.
SLACK = 2  # times the most that was ever lent is what the pool may have before idle memory goes back to the system
# Not shared with a forked process, which would write into its parent's arrays. (Windows has no fork.)
PRIVATE: Any = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}


class Ranges:
    """A set of ranges (start, size); those that touch become one.

    An interrupt from the keyboard comes after some call. It may lose a range, but finds or leaves none half
    entered: no call stands between changes that belong together.
    """

    def __init__(self) -> None:
        self.by_size: list[tuple[int, int]] = []  # (size, start), in order
        self.size_from: dict[int, int] = {}  # start -> size
        self.size_upto: dict[int, int] = {}  # end -> size

    def smallest(self, size: int) -> tuple[int, int] | None:
        """The range (start, size) of at least this size, the first of several; it is taken out."""
        i = bisect_left(self.by_size, (size, 0))
        return None if i == len(self.by_size) else self._take(i)

    def take(self, start: int, size: int) -> None:
        self._take(bisect_left(self.by_size, (size, start)))

    def _take(self, i: int) -> tuple[int, int]:
        size, start = self.by_size[i]
        del self.by_size[i], self.size_from[start], self.size_upto[start + size]
        return start, size

    def put(self, start: int, size: int) -> None:
        before, after = self.size_upto.get(start, 0), self.size_from.get(start + size, 0)
        if before:
            self.take(start - before, before)
        if after:
            self.take(start + size, after)
        start, size = start - before, before + size + after
        self.size_from[start] = self.size_upto[start + size] = size
        insort(self.by_size, (size, start))


class Arenas:
    """All memory of the pool. Sizes are whole pages; one call at a time."""

    def __init__(self) -> None:
        self.arenas: dict[int, mmap.mmap] = {}
        self.idle, self.bare = Ranges(), Ranges()
        self.whole: list[tuple[int, int]] | None = []  # (size, start) of what is idle, in order, while nothing is cut
        self.taken = 0  # bytes with memory behind them, lent or idle
        self.lent = self.most_lent = self.loans = self.new = 0

    def lend(self, size: int) -> tuple[int, int, mmap.mmap, int]:
        """A place that nobody else has, and its size, at least this one; the arena, and the distance in it."""
        place, size = self._place(size)
        self.loans += 1
        self.lent += size
        if self.lent > self.most_lent:
            self.most_lent = self.lent
        return place, size, self.arenas[place >> BITS], place & (1 << BITS) - 1

    def take_back(self, place: int, size: int) -> None:
        self.lent -= size
        if self.whole is None:
            self.idle.put(place, size)
        else:
            insort(self.whole, (size, place))

    def stats(self) -> dict[str, int]:
        """See `memory_stats`."""
        return {
            "lent": self.lent,
            "idle": self.taken - self.lent,
            "most_lent": self.most_lent,
            "loans": self.loans,
            "new": self.new,
        }

    def give_back(self) -> None:
        """Idle memory goes back to the system, and arenas of which nothing is lent (Windows: only those)."""
        self._begin_to_cut()
        for size, start in list(self.idle.by_size):
            arena = self.arenas[start >> BITS]
            if hasattr(arena, "madvise"):
                arena.madvise(mmap.MADV_DONTNEED, start & (1 << BITS) - 1, size)
            self.idle.take(start, size)
            self.taken -= size
            self.bare.put(start, size)
        for number, arena in list(self.arenas.items()):
            if self.bare.size_from.get(number << BITS) == len(arena):
                self.bare.take(number << BITS, len(arena))
                del self.arenas[number]
        self.whole = []

    def _place(self, size: int) -> tuple[int, int]:
        """Where a loan shall be, and how large."""
        if self.whole is not None:
            i = bisect_left(self.whole, (size, 0))
            if i < len(self.whole) and self.whole[i][0] <= LOOSE * size:
                room, start = self.whole.pop(i)
                return start, room
            if self.taken + size <= KEEP:
                return self._grow(size), size
            self._begin_to_cut()
        found = self.idle.smallest(size)
        if found is None:
            return self._grow(size), size
        start, room = found
        if room == size:
            return start, size
        if size * FEW < self.taken:
            self.idle.put(start, room - size)
            return start + room - size, size
        self.idle.put(start + size, room - size)
        return start, size

    def _begin_to_cut(self) -> None:
        while self.whole:
            size, start = self.whole.pop()
            self.idle.put(start, size)
        self.whole = None

    def _grow(self, size: int) -> int:
        """Let memory grow: at the end of an idle range, which then need not be as large, if one lies there."""
        lent = self.lent + size
        if self.taken + size > max(KEEP, SLACK * max(self.most_lent, lent)):
            self.give_back()
        for room, start in self.bare.by_size:
            idle = self.idle.size_upto.get(start, 0)
            if idle + room >= size:
                break
        else:
            room, start, idle = *self._open(size), 0
        if idle:
            self.idle.take(start - idle, idle)
        self.bare.take(start, room)
        self.new += 1
        self.taken += size - idle
        if idle + room > size:
            self.bare.put(start - idle + size, idle + room - size)
        return start - idle

    def _open(self, size: int) -> tuple[int, int]:
        """A new arena, of which all is bare: its (size, start)."""
        number = max(self.arenas, default=-1) + 1
        room = max(size, ARENA, sum(map(len, self.arenas.values())))
        try:
            arena = mmap.mmap(-1, room, **PRIVATE)
        except (OSError, MemoryError):  # addresses are limited: ulimit -v
            arena = mmap.mmap(-1, size, **PRIVATE)
        self.arenas[number] = arena
        self.bare.put(number << BITS, len(arena))
        return len(arena), number << BITS
