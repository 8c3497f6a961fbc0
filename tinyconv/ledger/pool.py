"""What the pool of memory holds beside the arrays that it has lent."""

from __future__ import annotations

from tinyconv._arena import PAGE, Arenas
from tinyconv.rehearsal import Rehearsal

STEPS = 3  # after which a training loop takes nothing new


def held_idle(rehearsal: Rehearsal) -> int:
    """The bytes that the pool has beside the most that it lends, after some steps like the one rehearsed.

    A pool of its own is asked for the same loans in the same order; nobody writes into them.
    """
    arenas = Arenas()
    for _ in range(STEPS):
        places: dict[int, tuple[int, int]] = {}
        for event in rehearsal.events:
            if event >= 0:
                places[event] = arenas.lend(-(-rehearsal.sizes[event] // PAGE) * PAGE)[:2]
            else:
                arenas.take_back(*places.pop(~event))
        for place in places.values():  # gradients, which go when the next step begins
            arenas.take_back(*place)
    return arenas.taken - arenas.most_lent
