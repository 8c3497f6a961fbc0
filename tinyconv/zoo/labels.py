"""Names beside the bubbles of a picture, so that none lies upon another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

ANGLES = np.pi / 8 * np.arange(16)
STEPS = (3.0, 8.0, 16.0, 28.0, 42.0, 60.0)  # points from the bubble's edge
SIZE = 7.5  # points
FAR = 10.0  # from here on, a line leads to the bubble

Box = tuple[float, float, float, float]  # left, bottom, right, top


def place_labels(
    axes: Any, x: Sequence[float], y: Sequence[float], areas: Sequence[float], labels: Sequence[str]
) -> None:
    """Write each label near its bubble; the most crowded ones choose first. All in points on the sheet.

    A place costs what it covers of other labels, of the bubbles' centres and of the bubbles, and its distance; and
    something if the label seems to be another bubble's.
    """
    figure = axes.figure
    points = 72 / figure.dpi
    centres = axes.transData.transform(np.column_stack([x, y])) * points
    radii = np.sqrt(np.asarray(areas) / np.pi)
    renderer = figure.canvas.get_renderer()
    texts = [axes.text(0, 0, label, size=SIZE, parse_math=False, zorder=5) for label in labels]
    sizes = [np.array([e.width, e.height]) * points for e in (text.get_window_extent(renderer) for text in texts)]
    sheet = axes.get_window_extent(renderer)
    room = tuple(edge * points for edge in (sheet.x0, sheet.y0, sheet.x1, sheet.y1))
    gaps = np.linalg.norm(centres[:, None] - centres, axis=2)
    placed: list[Box] = []
    for i in np.argsort(np.sort(gaps, axis=1)[:, 1:5].sum(axis=1)):
        options = list(_places(centres[i], radii[i], sizes[i], room))
        costs = [gap + _covered(box, placed, centres, radii, i) for gap, box in options]
        gap, box = options[int(np.argmin(costs))]
        placed.append(box)
        middle = np.array([box[0] + box[2], box[1] + box[3]]) / 2
        texts[i].set(ha="center", va="center", transform=figure.dpi_scale_trans)
        texts[i].set_position(middle / 72)
        if gap >= FAR:
            end = np.clip(centres[i], box[:2], box[2:])
            line = np.array([centres[i], end]) / 72
            axes.plot(*line.T, color="#9a9a9a", linewidth=0.6, transform=figure.dpi_scale_trans, zorder=2)


def _places(centre: np.ndarray, radius: float, size: np.ndarray, room: Box) -> Iterator[tuple[float, Box]]:
    """Where a label could be: (distance from the bubble, its box), inside the axes."""
    for gap in STEPS:
        for angle in ANGLES:
            way = np.array([np.cos(angle), np.sin(angle)])
            middle = centre + way * (radius + gap + size / 2)
            (left, bottom), (right, top) = middle - size / 2, middle + size / 2
            if left >= room[0] and bottom >= room[1] and right <= room[2] and top <= room[3]:
                yield gap, (left, bottom, right, top)


def _covered(box: Box, placed: Sequence[Box], centres: np.ndarray, radii: np.ndarray, own: int) -> float:
    """A cost for what lies under the box, and for a strange centre that is nearer than its own."""
    left, bottom, right, top = box
    cost = 0.0
    for a, b, c, d in placed:
        cost += 10 * max(0.0, min(right, c) - max(left, a) + 1) * max(0.0, min(top, d) - max(bottom, b) + 1)
    nearest = np.clip(centres, (left, bottom), (right, top))
    gaps = np.linalg.norm(nearest - centres, axis=1)
    mine = gaps[own]
    gaps[own] = np.inf
    return (
        cost + 200 * float((gaps < 3).sum()) + 15 * float(gaps.min() < mine) + float(np.maximum(radii - gaps, 0).sum())
    )
