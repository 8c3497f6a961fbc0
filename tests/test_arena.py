"""Where loans lie: never in each other's place, and one with their neighbours when they are back."""

import itertools
import mmap

import pytest

from tinyconv import _arena
from tinyconv._arena import ARENA, PAGE, SLACK, Arenas, Ranges


@pytest.fixture
def arenas(monkeypatch):
    """That cut from the first loan on."""
    monkeypatch.setattr(_arena, "KEEP", 0)
    arenas = Arenas()
    arenas.whole = None
    return arenas


def lend(arenas, pages):
    place, size, arena, distance = arenas.lend(pages * PAGE)
    assert size == pages * PAGE
    assert distance >= 0 and distance + size <= len(arena)
    return place


def idle(arenas):
    """(start, size) of what is idle, in pages."""
    ranges = arenas.idle.by_size + (arenas.whole or [])
    return sorted((start // PAGE, size // PAGE) for size, start in ranges)


class Pages:
    """What an allocator has to do, page by page: who has which."""

    def __init__(self, arenas):
        self.arenas, self.owned, self.loans = arenas, set(), []

    def lend(self, pages):
        place, size, *_ = self.arenas.lend(pages * PAGE)
        mine = set(range(place // PAGE, (place + size) // PAGE))
        assert pages <= len(mine) <= _arena.LOOSE * pages
        assert not mine & self.owned, "a page was lent twice"
        self.owned |= mine
        self.loans.append((place, size))

    def take_back(self, i):
        self.loans[i], self.loans[-1] = self.loans[-1], self.loans[i]
        place, size = self.loans.pop()
        self.owned -= set(range(place // PAGE, (place + size) // PAGE))
        self.arenas.take_back(place, size)

    def compare(self):
        ranges = idle(self.arenas)
        assert self.arenas.stats()["lent"] == PAGE * len(self.owned)
        assert self.arenas.stats()["idle"] == PAGE * sum(size for _, size in ranges)
        for start, size in ranges:
            assert not self.owned & set(range(start, start + size)), "a page is lent and idle"
        for (start, size), (after, _) in itertools.pairwise(ranges):
            assert start + size <= after, "a page is idle twice"
            assert start + size < after or self.arenas.whole is not None, "two idle ranges touch"


@pytest.mark.parametrize("most", [4, 40, 400], ids="up to {} pages".format)
@pytest.mark.parametrize("keep", [0, 3000], ids="keeps {} pages whole".format)
def test_whatever_is_lent_and_comes_back(keep, most, rng, monkeypatch):
    monkeypatch.setattr(_arena, "KEEP", keep * PAGE)
    monkeypatch.setattr(_arena, "ARENA", 1000 * PAGE)  # several of them
    model = Pages(Arenas())
    for step in range(1500):
        growing = 0.7 if step % 500 < 250 else 0.3
        if rng.random() < growing or not model.loans:
            model.lend(int(most ** rng.random()))
        else:
            model.take_back(int(rng.integers(len(model.loans))))
        stats = model.arenas.stats()
        assert stats["lent"] + stats["idle"] <= max(keep * PAGE, SLACK * stats["most_lent"])
        if step % 20 == 0:
            model.compare()
        if step % 700 == 699:
            model.arenas.give_back()
            assert model.arenas.stats()["idle"] == 0
    while model.loans:
        model.take_back(-1)
    model.compare()
    model.arenas.give_back()
    assert (model.arenas.taken, model.arenas.bare.by_size, model.arenas.arenas) == (0, [], {})


# ---------------------------------------------------------------- cut and made one


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
def test_neighbours_become_one(arenas, order):
    places = [lend(arenas, pages) for pages in (1, 2, 3, 4)]
    for i in order:
        arenas.take_back(places[i], (i + 1) * PAGE)
    assert idle(arenas) == [(0, 10)]
    new = arenas.new
    assert lend(arenas, 10) == 0 and arenas.new == new


def test_a_loan_goes_where_it_leaves_least(arenas):
    places = [lend(arenas, pages) for pages in (5, 1, 3, 1, 4, 1)]
    for i, pages in (0, 5), (2, 3), (4, 4):
        arenas.take_back(places[i], pages * PAGE)
    assert [lend(arenas, pages) for pages in (3, 4, 5)] == [places[2], places[4], places[0]]


def test_memory_grows_by_what_is_missing(arenas):
    lend(arenas, 1)
    arenas.take_back(lend(arenas, 10), 10 * PAGE)
    assert lend(arenas, 12) == PAGE
    assert arenas.taken == 13 * PAGE


def test_small_loans_lie_at_the_ends_of_ranges(arenas):
    large = lend(arenas, 1000)
    lend(arenas, 1)
    arenas.take_back(large, 1000 * PAGE)
    assert lend(arenas, 1) == 999 * PAGE
    assert lend(arenas, 900) == 0


def test_a_loop_takes_nothing_new(arenas, rng):
    """A step of a net: what forward keeps comes back in the other order, with gradients and scratch in between."""
    sizes = rng.integers(1, 200, 30).tolist()
    taken = []
    for _ in range(4):
        kept = [(lend(arenas, pages), pages) for pages in sizes]
        while kept:
            place, pages = kept.pop()
            for other, size in ((lend(arenas, pages), pages), (lend(arenas, 7), 7), (place, pages)):
                arenas.take_back(other, size * PAGE)
        taken.append(arenas.new)
    assert taken[1:] == taken[:1] * 3
    assert arenas.taken < 1.3 * arenas.most_lent


# ---------------------------------------------------------------- kept whole


def test_a_small_pool_keeps_what_comes_back_whole(monkeypatch):
    monkeypatch.setattr(_arena, "KEEP", 30 * PAGE)
    arenas = Arenas()
    places = [lend(arenas, pages) for pages in (4, 2, 12, 2)]
    for i, pages in (2, 12), (0, 4), (1, 2):
        arenas.take_back(places[i], pages * PAGE)
    assert idle(arenas) == [(0, 4), (4, 2), (6, 12)]
    assert arenas.lend(3 * PAGE)[:2] == (places[0], 4 * PAGE)  # up to LOOSE times as large
    assert lend(arenas, 7) == 20 * PAGE  # the twelve would be too large; there may be 30
    assert lend(arenas, 4) == places[1]  # the two and the twelve have become one
    assert idle(arenas) == [(8, 10)]


def test_an_emptied_pool_is_small_again():
    arenas = Arenas()
    arenas.take_back(lend(arenas, 1000), 1000 * PAGE)
    arenas.give_back()
    places = [lend(arenas, 10) for _ in range(2)]
    for place in places:
        arenas.take_back(place, 10 * PAGE)
    assert idle(arenas) == [(0, 10), (10, 10)]


# ---------------------------------------------------------------- to and from the system


def test_much_that_nothing_fits_into_goes_back_to_the_system(arenas, monkeypatch):
    monkeypatch.setattr(_arena, "SLACK", 1.2)
    places = [lend(arenas, 1) for _ in range(1000)]
    for place in places[:499] + places[500:-1]:
        arenas.take_back(place, PAGE)
    assert idle(arenas) == [(0, 499), (500, 499)]
    assert lend(arenas, 500) > places[-1]
    assert arenas.taken == 502 * PAGE


def test_every_arena_is_as_large_as_all_before(arenas):
    for _ in range(4):
        arenas.lend(ARENA)
    assert [len(arena) // ARENA for arena in arenas.arenas.values()] == [1, 1, 2]


def test_ranges_of_two_arenas_do_not_become_one(arenas):
    places = [arenas.lend(ARENA)[0] for _ in range(2)]
    for place in places:
        arenas.take_back(place, ARENA)
    assert [size for size, _ in arenas.idle.by_size] == [ARENA, ARENA]


def test_where_addresses_are_few(arenas, monkeypatch):
    def few(number, size, **options):
        if size > 100 * PAGE:
            raise OSError("Cannot allocate memory")
        return real(number, size, **options)

    real = mmap.mmap
    monkeypatch.setattr(mmap, "mmap", few)
    assert len(arenas.lend(60 * PAGE)[2]) == 60 * PAGE
    before = arenas.stats()
    with pytest.raises(OSError, match="Cannot allocate"):
        arenas.lend(101 * PAGE)
    assert arenas.stats() == before
    assert len(arenas.lend(40 * PAGE)[2]) == 40 * PAGE


# ---------------------------------------------------------------- interrupts


class InterruptError(Exception):
    pass


def test_an_interrupt_may_lose_a_range_and_nothing_else(monkeypatch, rng):
    """An exception comes out of each call that `put` and `smallest` make, at random."""
    left = 0

    def interrupting(call):
        def called(*arguments):
            nonlocal left
            result = call(*arguments)
            left -= 1
            if left == 0:
                raise InterruptError
            return result

        return called

    monkeypatch.setattr(_arena, "bisect_left", interrupting(_arena.bisect_left))
    monkeypatch.setattr(_arena, "insort", interrupting(_arena.insort))
    ranges, pages, interrupts = Ranges(), set(range(400)), 0
    for step in range(3000):
        left = int(rng.integers(1, 12))
        try:
            if step % 2:
                start, size = ranges.smallest(int(rng.integers(1, 6))) or (0, 0)
                pages |= set(range(start, start + size))
            elif pages:
                start = int(rng.choice(sorted(pages)))
                pages.discard(start)
                ranges.put(start, 1)
        except InterruptError:
            interrupts += 1
        inside = [page for size, start in ranges.by_size for page in range(start, start + size)]
        assert len(inside) == len(set(inside)) and not pages & set(inside)
        assert {start: size for size, start in ranges.by_size} == ranges.size_from
        assert {start + size: size for size, start in ranges.by_size} == ranges.size_upto
        if len(pages) + len(inside) < 100:  # so much was lost
            ranges, pages = Ranges(), set(range(400))
    assert interrupts > 100
