"""Where the parts of a diagram stand. Lengths are inches, y grows downwards.

Each item becomes a Block. A Block hangs on its axis, the line that comes in at its top and goes on at its bottom.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from .diagram_parts import Cell, Fork, Frame, Item, Stack, Tangle, cells_in
from .diagram_pen import SMALL, TEXT, Pen, Point, width_of

GAP, BESIDE, PAD = 0.2, 0.22, 0.13  # between items, between branches, inside a frame
LAYER, STRIP, BAR, RADIUS = 0.38, 0.17, 0.24, 0.1  # heights
NARROWEST, LONGEST_TITLE = 1.3, 1.1  # widths
SIDES = 1.5  # width : height of a picture in columns

Exits = list[Point]  # where lines leave a block


@dataclass
class Block:
    """left, right  how far it reaches from its axis

    draw(pen, x, y, source)  draws it with its top at (x, y), and the line from `source` to it; returns where it ends
    """

    left: float
    right: float
    height: float
    draw: Callable[[Pen, float, float, Point], Exits]


def block_of(item: Item, half: float = 0.0) -> Block:
    """half  of the width of a stack, at least"""
    if isinstance(item, Stack):
        return _stack(item, max(half, _half(item)))
    if isinstance(item, Fork):
        return _fork(item)
    return _frame(item) if isinstance(item, Frame) else _tangle(item)


# ---------------------------------------------------------------- layers


def _stack(stack: Stack, half: float) -> Block:
    height = sum(STRIP if cell.slight else LAYER for cell in stack.cells)
    if stack.cells[0].kind == "input":
        return Block(half, half, BAR, partial(_draw_bar, stack.cells[0], half, half))
    return Block(half, half, height, partial(_draw_stack, stack, half))


def _draw_stack(stack: Stack, half: float, pen: Pen, x: float, y: float, source: Point) -> Exits:
    pen.arrow(source, (x, y))
    for cell in stack.cells:
        height = STRIP if cell.slight else LAYER
        pen.box(x - half, y, 2 * half, height, cell.kind)
        if cell.slight:
            pen.text(x, y + height / 2, cell.text, SMALL)
        else:
            pen.text(x, y + 0.13, cell.text, TEXT, bold=True)
            pen.text(x - half + 0.06, y + 0.285, cell.name, SMALL, "left", pale=True)
            pen.text(x + half - 0.06, y + 0.285, cell.size, SMALL, "right")
        y += height
    return [(x, y)]


def _half(stack: Stack) -> float:
    return max(map(_width, stack.cells)) / 2


def _width(cell: Cell) -> float:
    below = f"{cell.name}   {cell.size}"
    need = width_of(cell.text, TEXT, not cell.slight)
    return max(NARROWEST, need + 0.16, width_of(below, SMALL) + 0.16 if not cell.slight else 0)


# ---------------------------------------------------------------- one below the other


def column(items: Sequence[Item]) -> Block:
    """The items one below the other. None of them is a line."""
    if not items:
        return Block(0.05, 0.05, 0.0, lambda pen, x, y, source: [source])
    half = max((_half(item) for item in items if isinstance(item, Stack)), default=0.0)
    blocks = [block_of(item, half) for item in items]
    return Block(
        max(block.left for block in blocks),
        max(block.right for block in blocks),
        sum(block.height for block in blocks) + GAP * (len(blocks) - 1),
        partial(_draw_column, blocks),
    )


def _draw_column(blocks: Sequence[Block], pen: Pen, x: float, y: float, source: Point) -> Exits:
    exits = [source]
    for block in blocks:
        exits = block.draw(pen, x, y, exits[0])
        y += block.height + GAP
    return exits


# ---------------------------------------------------------------- side by side


def _fork(fork: Fork) -> Block:
    ways = [column(way) for way in fork.ways]
    main = _main_way(fork)
    places = [0.0] * len(ways)  # of the ways' axes
    edge = 0.0 if main is None else ways[main].right
    for i, way in enumerate(ways):
        if i != main:
            places[i] = edge + BESIDE + way.left
            edge = places[i] + way.right
    if main is None:  # they stand about the middle
        middle = (places[0] - ways[0].left + edge) / 2
        places = [place - middle for place in places]
    left = max(way.left - place for way, place in zip(ways, places, strict=True))
    right = max(way.right + place for way, place in zip(ways, places, strict=True))
    join = fork.join
    if join is not None and not _is_circle(join):
        left, right = max(left, _width_of_bar(join) / 2), max(right, _width_of_bar(join) / 2)
    below = 0.0 if join is None else GAP + (2 * RADIUS if _is_circle(join) else BAR)
    height = GAP + max(way.height for way in ways) + below
    return Block(left, right, height, partial(_draw_fork, fork, ways, places, height))


def _main_way(fork: Fork) -> int | None:
    """The way that goes straight down; None if all stand about the middle.

    Of a sum it is the longest, beside which the shortcut runs; of a product the one that keeps the shape.
    """
    if fork.join is None or (not _is_circle(fork.join) and all(fork.ways)):
        return None
    lasts = [list(cells_in(way))[-1:] for way in fork.ways]
    shape = fork.join.shape if _is_circle(fork.join) else ()
    keeps = [i for i, last in enumerate(lasts) if not last or not shape or last[0].shape == shape]
    return max(keeps or range(len(lasts)), key=lambda i: len(list(cells_in(fork.ways[i]))))


def _draw_fork(
    fork: Fork,
    ways: Sequence[Block],
    places: Sequence[float],
    height: float,
    pen: Pen,
    x: float,
    y: float,
    source: Point,
) -> Exits:
    exits: Exits = []
    pen.line(source, (x, y))
    for way, place in zip(ways, places, strict=True):
        pen.line((x, y), (x + place, y))
        exits += way.draw(pen, x + place, y + GAP, (x + place, y))
    join, bottom = fork.join, y + height
    if join is None:
        return exits
    if not _is_circle(join):
        return _draw_join_bar(join, exits, pen, x, bottom - BAR)
    for end in exits:
        if abs(end[0] - x) < 1e-6:
            pen.arrow(end, (x, bottom - 2 * RADIUS))
        else:
            side = RADIUS if end[0] > x else -RADIUS
            pen.line(end, (end[0], bottom - RADIUS))
            pen.arrow((end[0], bottom - RADIUS), (x + side, bottom - RADIUS))
    pen.circle(x, bottom - RADIUS, RADIUS, join.kind)
    return [(x, bottom)]


def _is_circle(join: Cell) -> bool:
    return join.kind in ("+", "×")


def _width_of_bar(cell: Cell) -> float:
    return width_of(cell.text, TEXT, True) + width_of(cell.size, SMALL) + 0.35


def _draw_join_bar(join: Cell, exits: Exits, pen: Pen, x: float, y: float) -> Exits:
    """A bar below all the ways that end in it."""
    half = _width_of_bar(join) / 2
    left = max(half, x - min(end[0] for end in exits) + 0.15)
    right = max(half, max(end[0] for end in exits) - x + 0.15)
    for end in exits[1:]:
        pen.arrow(end, (end[0], y))
    return _draw_bar(join, left, right, pen, x, y, exits[0])


def _draw_bar(cell: Cell, left: float, right: float, pen: Pen, x: float, y: float, source: Point) -> Exits:
    pen.arrow(source, (source[0], y))
    pen.box(x - left, y, left + right, BAR, cell.kind)
    start = x + (right - left) / 2 - _width_of_bar(cell) / 2 + 0.12
    pen.text(start, y + BAR / 2, cell.text, TEXT, "left", bold=True)
    pen.text(start + width_of(cell.text, TEXT, True) + 0.1, y + BAR / 2, cell.size, SMALL, "left")
    return [(x, y + BAR)]


# ---------------------------------------------------------------- frames


def _frame(frame: Frame) -> Block:
    inside = column(frame.items)
    title = _lines(frame.title, max(inside.left + PAD - 0.14, LONGEST_TITLE))
    left = max(inside.left + PAD, max(width_of(line, SMALL) for line in title) + 0.14)
    right = max(inside.right + PAD, 0.5)
    top = 0.1 + 0.12 * len(title)
    height = top + inside.height + PAD
    return Block(left, right, height, partial(_draw_frame, frame, title, top, inside, left, right, height))


def _draw_frame(
    frame: Frame,
    title: Sequence[str],
    top: float,
    inside: Block,
    left: float,
    right: float,
    height: float,
    pen: Pen,
    x: float,
    y: float,
    source: Point,
) -> Exits:
    pen.box(x - left, y, left + right, height, "frame")
    for i, line in enumerate(title):
        pen.text(x - left + 0.06, y + 0.1 + 0.12 * i, line, SMALL, "left", pale=True)
    if frame.count > 1:
        pen.badge(x + right, y, f"× {frame.count}")
    exits = inside.draw(pen, x, y + top, source)
    for end in exits:
        pen.line(end, (end[0], y + height))
    return [(end[0], y + height) for end in exits]


def _lines(path: str, width: float) -> list[str]:
    """A path in lines of at most that width, broken after dots."""
    first, *others = re.split(r"(?<=\.)", path)
    lines = [first]
    for part in others:
        if width_of(lines[-1] + part, SMALL) <= width:
            lines[-1] += part
        else:
            lines.append(part)
    return lines


# ---------------------------------------------------------------- what is no fork


def _tangle(tangle: Tangle) -> Block:
    """One below the other; lines that pass over others run down on the right, each in a lane of its own."""
    inside = column([Stack([cell]) for cell in tangle.cells])
    over = [line for line in tangle.lines if line[1] > line[0] + 1]
    return Block(inside.left, inside.right + 0.1 * (len(over) + 1), inside.height, partial(_draw_tangle, tangle, over))


def _draw_tangle(tangle: Tangle, over: list[tuple[int, int]], pen: Pen, x: float, y: float, source: Point) -> Exits:
    blocks = [block_of(Stack([cell])) for cell in tangle.cells]
    tops = [y]
    for block in blocks:
        tops.append(tops[-1] + block.height + GAP)
    ends: Exits = [source, *((x, top - GAP) for top in tops[1:])]
    for k, block in enumerate(blocks):
        near = ends[k] if (k - 1, k) in tangle.lines else (x, tops[k])
        block.draw(pen, x, tops[k], near)
    lane = max(block.right for block in blocks)
    for j, k in over:
        lane += 0.1
        start, goal = ends[j + 1][1] + 0.3 * GAP, tops[k] - 0.4 * GAP
        pen.line(ends[j + 1], (x, start), (x + lane, start), (x + lane, goal))
        pen.arrow((x + lane, goal), (x, goal))
    return [ends[-1]]


# ---------------------------------------------------------------- the sheet


def columns(items: Sequence[Item]) -> tuple[list[Block], float]:
    """The items as columns to be read one after the other, and the height of the tallest."""
    blocks = [block_of(item) for item in items]
    best: dict[int, tuple[float, float, list[int]]] = {}  # number of columns -> how far from SIDES, height, starts
    least, most = max(block.height for block in blocks), _height(blocks)
    for limit in (least + (most - least) * i / 200 for i in range(201)):
        starts = [0]
        for i in range(1, len(blocks)):
            if _height(blocks[starts[-1] : i + 1]) > limit + 1e-9:
                starts.append(i)
        if len(starts) not in best:
            parts = [blocks[a:b] for a, b in pairwise([*starts, len(blocks)])]
            width = sum(max(b.left for b in part) + max(b.right for b in part) + 0.5 for part in parts)
            height = max(map(_height, parts))
            best[len(starts)] = abs(width - SIDES * height), height, starts
    _, height, starts = min(best.values())
    return [column(items[a:b]) for a, b in pairwise([*starts, len(items)])], height


def _height(blocks: Sequence[Block]) -> float:
    return sum(block.height for block in blocks) + GAP * (len(blocks) - 1)
