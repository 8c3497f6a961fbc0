"""A graph as SVG: boxes with a title and numbers, and the lines between them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from tinyconv.ledger.diagram_cells import KNOWN

from .figures import Figures, figures
from .gather import Node
from .layout import Line, layout

SHEET = 20.0  # pixels around the graph
SIDE, HEAD, LINE, CELL = 10.0, 26.0, 16.0, 20.0  # inside a box: left and right, heights of its parts
LABEL = 34.0  # where numbers begin, right of "value" and "grad"
BOLD, PLAIN, MONO = 7.6, 6.1, 6.7  # the width of a letter

# Told apart by the colour-blind (Okabe and Ito 2008); pale, over a light ground or a dark one.
COLOURS = {
    "convolution": "#0072B2",
    "dense": "#009E73",
    "pooling": "#E69F00",
    "normalisation": "#CC79A7",
    "activation": "#F0E442",
    "loss": "#D55E00",
}
POSITIVE, NEGATIVE = "#0072B2", "#D55E00"

STYLE = """
.tc-sheet{fill:#ffffff}.tc-box{fill:#ffffff;stroke:#aab0b8}.tc-leaf{fill:#f6f7f9;stroke:#aab0b8}
.tc-constant{fill:none;stroke:#aab0b8;stroke-dasharray:4 3}.tc-line{fill:none;stroke:#8a919b;stroke-width:1.4}
.tc-head{fill:#8a919b}.tc-ink{fill:#1d1d1d}.tc-pale{fill:#5f6670}.tc-grad{fill:#a34700}.tc-bad{fill:#c00000}
.tc-sans{font-family:system-ui,'Segoe UI',Helvetica,Arial,'DejaVu Sans',sans-serif}
.tc-mono{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace}
@media (prefers-color-scheme:dark){
.tc-sheet{fill:#14171c}.tc-box{fill:#1d2127;stroke:#4d5561}.tc-leaf{fill:#191c21;stroke:#4d5561}
.tc-constant{stroke:#4d5561}.tc-line{stroke:#78818d}.tc-ink{fill:#eceef0}.tc-pale{fill:#a2aab5}
.tc-grad{fill:#ff9d5c}.tc-bad{fill:#ff7b72}}
"""


@dataclass
class Box:
    """A node with its numbers, and how large it is drawn.   parts  of (label, what it says, class of its colour)"""

    node: Node
    title: str
    shape: str
    parts: list[tuple[str, Figures, str]]
    width: float = 0.0
    height: float = 0.0

    def __post_init__(self) -> None:
        head = len(self.title) * BOLD + 14 + len(self.shape) * MONO
        lines = [len(text) * PLAIN for text in self.lines]
        numbers = [LABEL + self._width_of(said) for _, said, _ in self.parts]
        self.width = max(head, 84.0, *lines, *numbers) + 2 * SIDE
        self.height = (
            HEAD + LINE * len(self.lines) + sum(map(_height, self.parts)) + (6 if self.parts or self.lines else 0)
        )

    @property
    def lines(self) -> list[str]:
        return [text for text in (self.node.module, self.node.details) if text]

    @staticmethod
    def _width_of(said: Figures) -> float:
        if said.rows:
            return len(said.rows[0]) * cell_width(said)
        return max(len(said.range), len(said.warning)) * MONO


def cell_width(said: Figures) -> float:
    return max(len(cell) for row in said.rows for cell in row) * MONO + 8


def _height(part: tuple[str, Figures, str]) -> float:
    _, said, _ = part
    return CELL * len(said.rows) + LINE * bool(said.range) + LINE * bool(said.warning) + 4


def draw(nodes: Sequence[Node], values: bool, title: str) -> str:
    """The whole picture."""
    boxes = [_box(node, values) for node in nodes]
    plan = layout([(box.width, box.height) for box in boxes], [node.inputs for node in nodes])
    width, height = plan.width + 2 * SHEET, plan.height + 2 * SHEET
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" style="max-width:100%;height:auto">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect class="tc-sheet" width="{width:.0f}" height="{height:.0f}" rx="8"/>',
        f'<g transform="translate({SHEET:.0f} {SHEET:.0f})">',
        *map(_line, plan.lines),
        *(_drawn(box, x - box.width / 2, y) for box, x, y in zip(boxes, plan.x, plan.y, strict=True)),
        "</g></svg>",
    ]
    return "\n".join(parts)


def _box(node: Node, values: bool) -> Box:
    title = title_of(node)
    parts = []
    if values and node.value is not None:
        parts.append(("value", figures(node.value), "tc-ink"))
    if node.gradient is not None:
        parts.append(("grad", figures(node.gradient), "tc-grad"))
    return Box(node, title, "×".join(map(str, node.shape)), parts)


def title_of(node: Node) -> str:
    """ "conv2d", "y = relu", "w", "constant" """
    kind = node.operation or ("leaf" if node.kind == "parameter" else "constant")
    if node.operation and node.name:
        return f"{node.name} = {kind}"
    return node.name or kind


def colour_of(name: str) -> str:
    """By what an operation does; "" for arithmetic and the like."""
    if "loss" in name or "entropy" in name:
        return COLOURS["loss"]
    kind = KNOWN.get(name, KNOWN.get(name.removesuffix("_relu"), ("", "", False)))[1]
    return COLOURS.get(kind, "")


def _drawn(box: Box, x: float, y: float) -> str:
    node, width = box.node, box.width
    form = {"operation": ("tc-box", 5), "parameter": ("tc-leaf", 13), "constant": ("tc-constant", 13)}[node.kind]
    parts = [
        f'<g transform="translate({x:.1f} {y:.1f})"><title>{escape(_hover(node))}</title>',
        f'<rect class="{form[0]}" width="{width:.1f}" height="{box.height:.1f}" rx="{form[1]}"/>',
    ]
    if node.kind == "operation":
        colour = colour_of(node.operation)
        fill = f'fill="{colour}"' if colour else 'class="tc-head"'
        base = "V26H0" if box.height > HEAD else f"V{HEAD - 5:.0f}a5 5 0 0 1-5 5H5a5 5 0 0 1-5-5"
        parts.append(f'<path {fill} fill-opacity=".28" d="M0 5a5 5 0 0 1 5-5H{width - 5:.1f}a5 5 0 0 1 5 5{base}z"/>')
    parts.append(_text(SIDE, 17.5, box.title, "tc-sans tc-ink", 13, weight=True))
    parts.append(_text(width - SIDE, 17.5, box.shape, "tc-mono tc-pale", 11, end=True))
    at = HEAD + 3
    for text in box.lines:
        parts.append(_text(SIDE, at + 11, text, "tc-sans tc-pale", 11))
        at += LINE
    for part in box.parts:
        parts += _numbers(part, at)
        at += _height(part)
    return "\n".join([*parts, "</g>"])


def _numbers(part: tuple[str, Figures, str], y: float) -> list[str]:
    label, said, colour = part
    found = [_text(SIDE, y + 14, label, "tc-sans tc-pale", 10)]
    left, width = SIDE + LABEL, cell_width(said) if said.rows else 0.0
    for row, signs in zip(said.rows, said.signs, strict=True):
        for i, (cell, sign) in enumerate(zip(row, signs, strict=True)):
            place = left + i * width
            if sign:
                tint = f'fill="{POSITIVE if sign > 0 else NEGATIVE}" fill-opacity="{_strength(said, sign):.2f}"'
                found.append(
                    f'<rect x="{place:.1f}" y="{y + 1:.1f}" width="{width - 1:.1f}" height="{CELL - 1:.0f}" {tint}/>'
                )
            bad = cell.lstrip("-") in ("nan", "inf")
            kind = "tc-bad" if bad else colour
            found.append(_text(place + width - 4.5, y + 14.5, _set(cell), f"tc-mono {kind}", 11, end=True))
        y += CELL
    for text, kind in ((said.range, colour), (said.warning, "tc-bad")):
        if text:
            found.append(_text(left, y + 14, _set(text), f"tc-mono {kind}", 11))
            y += LINE
    return found


def _set(number: str) -> str:
    """As it is set in print: with a minus sign and an ellipsis."""
    return number.replace("-", "\N{MINUS SIGN}").replace(" .. ", " … ")


def _strength(said: Figures, sign: float) -> float:
    """How strong a tint is: by the number's share of the largest, if there are several."""
    return 0.06 + 0.24 * abs(sign) if len(said.rows) * len(said.rows[0]) > 1 else 0.14


def _line(line: Line) -> str:
    """A curve between rows, straight down past a box, and a head at its end."""
    points = line.points
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for i, ((x0, y0), (x, y)) in enumerate(pairwise(points)):
        if i % 2:
            path += f"V{y:.1f}"
        else:
            middle = (y0 + y) / 2
            path += f"C{x0:.1f} {middle:.1f} {x:.1f} {middle:.1f} {x:.1f} {y:.1f}"
    x, y = points[-1]
    head = f'<path class="tc-head" d="M{x:.1f} {y:.1f}l-3.6-7.5h7.2z"/>'
    return f'<path class="tc-line" d="{path}"/>{head}'


def _text(x: float, y: float, text: str, kind: str, size: int, end: bool = False, weight: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    bold = ' font-weight="600"' if weight else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" font-size="{size}"{anchor}{bold}>{escape(text)}</text>'


def _hover(node: Node) -> str:
    lines = [f"{title_of(node)}: {node.shape} {node.dtype}", os.path.basename(node.line)]
    return "\n".join(filter(None, lines))
