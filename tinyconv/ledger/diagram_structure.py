"""From a graph of layers to the parts of a diagram.

Each layer points to the layers that its input came from. Where a result goes to several layers the path forks; it joins
again at the first layer that all the ways from there lead to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .diagram_fold import folded
from .diagram_parts import Cell, Fork, Frame, Item, Stack, Tangle, cells_in, cells_of, common_path


def structure(cells: Sequence[Cell], fold: bool = True) -> list[Item]:
    """The items from the net's input, which is the first cell, to its outputs; who takes an output comes after it."""
    items = _Graph(cells).items(0, len(cells))
    items = folded(items) if fold else items
    _name(items, "")
    return items


@dataclass
class _Graph:
    """after[i]: the cells that take the output of i;   meet[i]: the first that all the ways from i lead to."""

    cells: Sequence[Cell]
    after: dict[int, list[int]] = field(default_factory=dict)
    meet: dict[int, int] = field(default_factory=dict)
    depth: dict[int, int] = field(default_factory=dict)  # meetings from there to the end

    def __post_init__(self) -> None:
        end = len(self.cells)
        self.after = {i: [] for i in range(end)}
        for i, cell in enumerate(self.cells[1:], start=1):
            for j in cell.inputs or (0,):
                self.after[j].append(i)
        self.depth[end] = 0
        for i in range(end - 1, -1, -1):
            self.after[i] = self.after[i] or [end]  # an output of the net
            self.meet[i] = self._common(self.after[i])
            self.depth[i] = self.depth[self.meet[i]] + 1

    def _common(self, starts: Sequence[int]) -> int:
        """The first cell that all ways from all of these lead to."""
        met, *others = starts
        for other in others:
            while met != other:
                if self.depth[met] < self.depth[other]:
                    met, other = other, met
                met = self.meet[met]
        return met

    def items(self, i: int, end: int, before: Item | None = None) -> list[Item]:
        """From cell i up to, but without, the cell `end`. `before` is a fork or tangle that has cell i in it."""
        found = [before] if before else []
        joined = i if before else -1
        while i != end:
            cell = self.cells[i]
            if cell.slight and i != joined and found and isinstance(found[-1], Stack):
                found[-1].cells.append(cell)
            elif i != joined:
                found.append(Stack([cell]))
            if len(self.after[i]) > 1:
                joined = self.meet[i]
                found.append(self._fork(self.after[i], joined, end))
            i = self.meet[i]
        return _framed(found)

    def _fork(self, starts: Sequence[int], meet: int, end: int) -> Item:
        """The ways from there; with the cell where they meet, unless that is the end of a way around them."""
        groups: list[tuple[list[int], set[int]]] = []  # of ways that meet before, or are tangled
        for start in starts:
            together, inside = [start], self._between(start, meet)
            for group in [g for g in groups if g[1] & inside]:
                groups.remove(group)
                together, inside = group[0] + together, group[1] | inside
            groups.append((together, inside))
        ways: list[list[Item]] = []
        for together, inside in groups:
            first = self._common(together)
            if len(together) == 1:
                ways.append(self.items(first, meet))
            elif first != meet:
                ways.append(self.items(first, meet, self._fork(together, first, meet)))
            else:
                ways.append([self._tangle(together, sorted(inside), meet)])
        if len(ways) == 1 and isinstance(ways[0][0], Tangle):
            ways[0][0].cells += [self.cells[meet]] if meet != end else []
            return ways[0][0]
        return Fork(ways, self.cells[meet] if meet != end else None)

    def _tangle(self, starts: Sequence[int], inside: Sequence[int], meet: int) -> Tangle:
        place = {cell: k for k, cell in enumerate([*inside, meet])}
        lines = [(place[j], place[k]) for j in inside for k in self.after[j]]
        return Tangle([self.cells[j] for j in inside], [*((-1, place[j]) for j in starts), *lines])

    def _between(self, i: int, end: int) -> set[int]:
        """The cells on the ways from i to `end`."""
        found: set[int] = set()
        todo = [i]
        while todo:
            i = todo.pop()
            if i != end and i not in found:
                found.add(i)
                todo += self.after[i]
        return found


# ---------------------------------------------------------------- frames around modules


def _framed(items: list[Item]) -> list[Item]:
    """Put each module that forks once, with what comes before and after the fork in it, into a frame."""
    paths = [common_path(cells_of(item)) for item in items]
    forks = [path for path, item in zip(paths, items, strict=True) if isinstance(item, Fork)]
    whole = common_path(cells_in(items))
    found: list[Item] = []
    i = 0
    while i < len(items):
        path = paths[i]
        block = next((fork for fork in forks if f"{path}.".startswith(f"{fork}.")), "")
        j = i
        while j < len(items) and block and f"{paths[j]}.".startswith(f"{block}."):
            j += 1
        if block and block != whole and forks.count(block) == 1 and any(isinstance(x, Fork) for x in items[i:j]):
            found.append(Frame(block, block, items[i:j]))
            i = j
        else:
            found.append(items[i])
            i += 1
    return found


def _name(items: Sequence[Item], path: str) -> None:
    """Names of layers begin where the frame around them ends."""
    for item in items:
        if isinstance(item, Frame):
            item.title = item.title.removeprefix(f"{path}.")
            _name(item.items, item.path or path)
        elif isinstance(item, Fork):
            for way in item.ways:
                _name(way, path)
        else:
            for cell in item.cells:
                cell.name = "" if cell.path == path else cell.path.removeprefix(f"{path}.")
