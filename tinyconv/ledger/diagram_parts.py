"""What a diagram is made of: layers one below the other, branches side by side, frames around blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass
class Cell:
    """One layer, or one operation outside of layers.

    text    what it does: "conv 3x3, stride 2"
    path    where it lies in the net: "layer1.0.conv1"
    kind    what decides its colour and form; "+", "x" and "concat" are joins
    shape   of its output, without the batch
    slight  it works element by element, and is drawn as a strip at the bottom of the layer before
    inputs  the numbers of the cells whose outputs it takes; 0 is the net's input
    name    its path within the frame around it
    widest  the output's channels in the widest of the blocks that are drawn as one
    """

    text: str
    path: str
    kind: str
    shape: tuple[int, ...]
    slight: bool = False
    inputs: tuple[int, ...] = ()
    name: str = ""
    widest: int = 0

    def __post_init__(self) -> None:
        self.name = self.path
        self.widest = self.shape[0] if self.shape else 0

    @property
    def size(self) -> str:
        """ "64×56×56"; "96–128 × 28×28" where the channels of repeated blocks differ"""
        if not self.shape or self.widest == self.shape[0]:
            return "×".join(map(str, self.shape))
        return " × ".join(filter(None, [f"{self.shape[0]}–{self.widest}", "×".join(map(str, self.shape[1:]))]))


@dataclass
class Stack:
    """A layer and the slight ones that follow it."""

    cells: list[Cell]


@dataclass
class Fork:
    """Ways that part and meet again in a join, or only further on (None). An empty way is a line past the others."""

    ways: list[list[Item]]
    join: Cell | None


@dataclass
class Tangle:
    """Cells one below the other and the lines between them, for what does not fork and join in pairs.

    lines  (from, to) by place; -1 is where the tangle begins, and one beyond the last cell where it ends
    """

    cells: list[Cell]
    lines: list[tuple[int, int]]


@dataclass
class Frame:
    """Items that are one block: the module at `path`, or what comes `count` times."""

    path: str
    title: str
    items: list[Item]
    count: int = 1


Item = Stack | Fork | Tangle | Frame


def cells_of(item: Item) -> Iterator[Cell]:
    """All cells of an item, in the order of drawing."""
    if isinstance(item, Fork):
        for way in item.ways:
            yield from cells_in(way)
        if item.join is not None:
            yield item.join
    elif isinstance(item, Frame):
        yield from cells_in(item.items)
    else:
        yield from item.cells


def cells_in(items: Sequence[Item]) -> Iterator[Cell]:
    for item in items:
        yield from cells_of(item)


def common_path(cells: Iterator[Cell]) -> str:
    """ "layer1.0" of "layer1.0.conv1" and "layer1.0.bn1" """
    parts: list[str] | None = None
    for cell in cells:
        path = cell.path.split(".")
        if parts is None:
            parts = path
        while parts != path[: len(parts)]:
            parts = parts[:-1]
    return ".".join(parts or [])
