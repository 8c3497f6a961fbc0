"""A summary as lines of text that fit the terminal."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .receptive_field import Field

if TYPE_CHECKING:
    from .summary import Row, Summary

GAP = "  "
NARROWEST = 12  # characters of a layer's path that are shown at least


@dataclass(frozen=True)
class Column:
    """rank: columns of a higher one are left out first where there is no room."""

    heading: str
    cell: Callable[[Row], str]
    rank: int


def text(summary: Summary, width: int | None = None) -> str:
    """The whole table, or one whose lines have at most `width` characters."""
    columns = _columns(summary)
    left_out = [] if width is None else _left_out(summary, columns, width)
    shown = [column for column in columns if column not in left_out]
    cells = [[column.heading for column in shown], *([column.cell(row) for column in shown] for row in summary.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    if width is not None:
        widths[0] = max(1, min(widths[0], width - sum(widths[1:]) - len(GAP) * (len(shown) - 1)))
    lines = [_line(row, widths) for row in cells]
    rule = "-" * max(map(len, lines))
    picture = "x".join(map(str, summary.picture))
    title = f"{summary.net}, pictures of {picture}"
    notes = _notes(summary, [column.heading for column in left_out])
    wrapped = [line for note in notes for line in textwrap.wrap(note, width or 110)]
    return "\n".join([title, "", lines[0], rule, *lines[1:], rule, *_totals(summary, width), "", *wrapped])


def _columns(summary: Summary) -> list[Column]:
    columns = [
        Column("layer", lambda row: f"{row.path} {row.layer}".strip(), 0),
        Column("output", lambda row: "in training" if row.shape is None else "x".join(map(str, row.shape)) or "1", 0),
        Column("parameters", lambda row: f"{row.trainable + row.frozen:,}", 0),
        Column("frozen", lambda row: f"{row.frozen:,}", 2),
        Column("mult-adds", lambda row: f"{row.multiply_adds:,}", 1),
        Column("field", lambda row: _field(row, summary), 3),
        Column("stride", lambda row: "-" if _is_vector(row) else _both(row, lambda field: field.stride), 5),
        Column("first", lambda row: _both(row, lambda field: field.seen(0)[0] if _is_vector(row) else field.first), 6),
        Column("kept", lambda row: size(row.kept), 2),
        Column("work", lambda row: size(row.work), 4),
    ]
    return [column for column in columns if column.heading != "frozen" or summary.frozen]


def _left_out(summary: Summary, columns: list[Column], width: int) -> list[Column]:
    """The columns that have no room beside the others."""
    needed = {c: max(len(c.heading), *(len(c.cell(row)) for row in summary.rows)) + len(GAP) for c in columns[1:]}
    left_out: list[Column] = []
    for column in sorted(columns[1:], key=lambda column: -column.rank):
        if NARROWEST + sum(needed.values()) <= width or column.rank == 0:
            break
        left_out.append(column)
        del needed[column]
    return left_out


def _line(cells: list[str], widths: list[int]) -> str:
    name, *others = cells
    name = name if len(name) <= widths[0] else "~" + name[len(name) - widths[0] + 1 :]
    return GAP.join([f"{name:{widths[0]}}", *(f"{cell:>{n}}" for cell, n in zip(others, widths[1:], strict=True))])


def _field(row: Row, summary: Summary) -> str:
    """The size, or "all": the only output sees the whole picture."""
    H, W = summary.picture[-2:] if len(summary.picture) > 2 else (1, summary.picture[-1])
    seen = [None if field is None else field.seen(0) for field in row.fields]
    if _is_vector(row) and seen == [(0, H - 1), (0, W - 1)]:
        return "all"
    return _both(row, lambda field: field.size)


def _both(row: Row, number: Callable[[Field], int]) -> str:
    """One number for rows and columns where they agree; "-" where they have none."""
    rows, columns = row.fields
    if rows is None or columns is None:
        return "-"
    a, b = number(rows), number(columns)
    return f"{a}" if a == b else f"{a}x{b}"


def _is_vector(row: Row) -> bool:
    """Has the output one place only?"""
    return row.shape is not None and math.prod(row.shape[1:]) == 1


def _totals(summary: Summary, width: int | None) -> list[str]:
    """Lines with a note each, where there is room for it."""
    s, N = summary, summary.batch_size
    lines = [
        ("parameters", f"{s.parameters:,}", f"{size(s.weight_bytes)} with buffers"),
        ("  trainable", f"{s.trainable:,}", ""),
        ("  frozen", f"{s.frozen:,}", ""),
        ("buffers", f"{s.buffers:,}", "running means and the like"),
        ("multiply-adds", f"{s.multiply_adds:,}", "for one picture"),
    ]
    if s.memory is not None:
        lines += [
            ("kept by layers", size(s.kept), _pictures(N)),
            ("peak in training", size(s.peak), f"{_pictures(N)}, {s.optimizer}"),
            ("  of the process", size(s.process), "with idle memory in the pool"),
        ]
    full = [f"{name:16}{value:>15}  {note}".rstrip() for name, value, note in lines]
    return [line if width is None or len(line) <= width else line[:31] for line in full]


def _notes(summary: Summary, left_out: list[str]) -> list[str]:
    notes = []
    if left_out:
        notes.append(f"Not shown, for want of room: {', '.join(left_out)}.")
    notes.append(
        "field: the rows and columns of the picture that an output sees; stride: how much further on the next output "
        "sees; first: where the first output begins to see, below 0 in the padding. kept, work: bytes that a training "
        f"step on {_pictures(summary.batch_size)} keeps for the backward pass, and needs for a moment; of layers that "
        "run as one, they stand at the first. Layers that do nothing in evaluation, such as dropout, are left out."
    )
    if summary.memory is None:
        return [*notes, f"The peak in training is not known: {summary.unknown}."]
    sizes = " and ".join(map(str, summary.memory.sizes))
    how = f"a rehearsal on {_pictures(summary.batch_size)}"
    if summary.memory.sizes != (summary.batch_size,):
        how = f"rehearsals on {sizes} pictures, in proportion"
    remembered = size(summary.optimizer_bytes)
    notes.append(
        f"The peak is of weights, gradients, the optimiser's memory ({remembered}), the batch, and all arrays of a "
        f"training step, found by {how}: every array is made, but no kernel runs."
    )
    return notes


def _pictures(N: int) -> str:
    return "1 picture" if N == 1 else f"{N} pictures"


def size(n: int | None) -> str:
    """1234567 -> "1.23 MB"; "-" if it is not known"""
    if n is None or n < 1000:
        return "-" if n is None else f"{n}"
    value, unit = n / 1000, "kB"
    for larger in ("MB", "GB", "TB"):
        if value >= 999.5:
            value, unit = value / 1000, larger
    return f"{value:.3g} {unit}"
