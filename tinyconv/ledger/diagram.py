"""A net as a picture: layers as boxes, branches side by side, sums and concatenations as joins. Needs matplotlib."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tinyconv.nn.module import Module

from .diagram_cells import cells
from .diagram_layout import columns
from .diagram_pen import Pen, require_matplotlib, width_of
from .diagram_structure import structure
from .trace import Trace, trace
from .work import multiply_adds

MARGIN, HEAD, BETWEEN = 0.3, 0.62, 0.5  # inches: around the drawing, for the title, between columns


def draw(
    net: Module,
    path: str | os.PathLike[str],
    input_size: Sequence[int] | None = None,
    title: str = "",
    fold: bool = True,
) -> None:
    """Draw the net as PNG, as it is in evaluation.

    A box is a layer, with its kernel, name and the shape of its output; strips below it are what is done to each
    element then. Where paths meet, + adds, × multiplies, and a bar puts channels together.

    input_size  (C, H, W) of a picture; as large as the net says, or (3, 224, 224), unless given
    title       the class of the net unless given
    fold        repeated blocks are drawn once, with their number
    Raises ArgumentError, whatever the net raises, and TinyconvError where matplotlib is missing.
    """
    require_matplotlib("draw")
    usual: Sequence[int] = getattr(net, "input_size", (3, 224, 224))
    t = trace(net, *(input_size or usual))
    blocks, height = columns(structure(cells(net, t), fold))
    width = sum(block.left + block.right for block in blocks) + BETWEEN * (len(blocks) - 1)
    title, subtitle = title or type(net).__name__, _subtitle(net, t)
    sheet = max(width, width_of(title, 13, True), width_of(subtitle, 8)) + 2 * MARGIN
    pen = Pen(sheet, HEAD + height + 2 * MARGIN)
    pen.text(MARGIN, MARGIN + 0.05, title, 13, "left", bold=True)
    pen.text(MARGIN, MARGIN + 0.3, subtitle, 8, "left", pale=True)
    top, x = MARGIN + HEAD, MARGIN
    source = None
    for block in blocks:
        x += block.left
        if source is not None:
            _turn(pen, source, x - block.left - BETWEEN / 2, (x, top))
        exits = block.draw(pen, x, top, (x, top - 0.12) if source else (x, top))
        source = exits[0]
        x += block.right + BETWEEN
    for end in exits:
        pen.arrow(end, (end[0], end[1] + 0.22))
    pen.save(path)


def _subtitle(net: Module, t: Trace) -> str:
    idle = sum(p.numel() for p in t.idle.values())
    used = sum(p.numel() for p in net.parameters()) - idle
    work = multiply_adds(t) / 1e6
    text = f"{used:,} parameters, {work:,.{0 if work > 10 else 2}f} million multiply-adds"
    return text + (f"; without the {idle:,} parameters of parts that run in training only" if idle else "")


def _turn(pen: Pen, start: tuple[float, float], x: float, goal: tuple[float, float]) -> None:
    """The line from the foot of a column to the head of the next, up at x between them."""
    bottom, above = start[1] + 0.15, goal[1] - 0.12
    pen.line(start, (start[0], bottom), (x, bottom), (x, above), (goal[0], above))
