"""Small charts as SVG inside HTML: how numbers are distributed, and curves over epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

GRID = 'stroke="rgba(128,128,128,.3)"'
SANS = 'font-family="system-ui,Segoe UI,Helvetica,Arial,sans-serif" font-size="11" fill="currentColor"'
BINS = 40


def histogram(numbers: np.ndarray, colour: str) -> str:
    """How many numbers are about how large; a line stands at 0."""
    width, height = 240.0, 44.0
    low, high = float(numbers.min()), float(numbers.max())
    flat = high - low < 1e-9 * max(1, abs(low), abs(high))  # too near each other for bins
    counts, edges = np.histogram(numbers, BINS, (low - 0.5, high + 0.5) if flat else None)
    step, most = width / BINS, max(1, int(counts.max()))
    bars = "".join(
        f"M{i * step:.1f} {height:.0f}v-{max(1.0, height * n / most):.1f}h{step - 1:.1f}V{height:.0f}z"
        for i, n in enumerate(counts.tolist())
        if n
    )
    zero = ""
    if edges[0] < 0 < edges[-1]:
        x = width * -edges[0] / (edges[-1] - edges[0])
        zero = f'<path d="M{x:.1f} 0V{height:.0f}" stroke="currentColor" stroke-opacity=".6" stroke-dasharray="2 2"/>'
    return (
        f'<svg width="{width:.0f}" height="{height:.0f}" role="img" style="display:block">'
        f'<title>How the numbers are distributed</title><path d="{bars}" fill="{colour}"/>{zero}</svg>'
    )


@dataclass
class Curve:
    """points  (x, y) from left to right"""

    name: str
    colour: str
    points: Sequence[tuple[float, float]]


def chart(title: str, curves: Sequence[Curve], first: int, last: int, percent: bool = False) -> str:
    """Curves over the epochs from the first to the last, with a scale, and their names at the top."""
    width, height, left, top, bottom = 380.0, 210.0, 44.0, 26.0, 26.0
    known = [y for curve in curves for _, y in curve.points if math.isfinite(y)]
    low, high, ticks = _scale(min(known, default=0.0), max(known, default=1.0))
    right = width - 10

    def x(epoch: float) -> float:
        return left + (right - left) * (epoch - first) / (last - first) if last > first else (left + right) / 2

    def y(value: float) -> float:
        return height - bottom - (height - top - bottom) * (value - low) / (high - low)

    parts = [
        f'<svg width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" role="img" {SANS} '
        f'style="max-width:100%"><title>{escape(title)}</title>',
        f'<text x="{left:.0f}" y="14" font-weight="600">{escape(title)}</text>',
    ]
    for value in ticks:
        text = f"{value:.4g}{'%' if percent else ''}"
        parts.append(f'<path d="M{left:.0f} {y(value):.1f}H{right:.0f}" {GRID}/>')
        parts.append(f'<text x="{left - 6:.0f}" y="{y(value) + 4:.1f}" text-anchor="end" opacity=".75">{text}</text>')
    for epoch in _epochs(first, last):
        parts.append(f'<text x="{x(epoch):.1f}" y="{height - 8:.0f}" text-anchor="middle" opacity=".75">{epoch}</text>')
    at = right
    for curve in reversed(curves):
        parts.append(f'<text x="{at:.0f}" y="14" text-anchor="end">{escape(curve.name)}</text>')
        at -= 6.4 * len(curve.name) + 6
        parts.append(f'<path d="M{at - 14:.0f} 10H{at:.0f}" stroke="{curve.colour}" stroke-width="2.5"/>')
        at -= 26
        parts += _drawn(curve, [(x(a), y(b)) for a, b in curve.points if math.isfinite(b)])
    return "".join([*parts, "</svg>"])


def _drawn(curve: Curve, points: Sequence[tuple[float, float]]) -> list[str]:
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f"M{x - 2.5:.1f} {y:.1f}a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0" for x, y in points[-40:])
    line = (
        f'<polyline points="{places}" fill="none" stroke="{curve.colour}" stroke-width="1.8" stroke-linejoin="round"/>'
    )
    few = len(points) <= 40
    return [line] + [f'<path d="{dots}" fill="{curve.colour}"/>'] * (bool(points) and few)


def _scale(low: float, high: float) -> tuple[float, float, list[float]]:
    """Where the axis begins and ends, and round numbers on it: 1, 2 or 5 times a power of ten apart."""
    if high - low < 1e-9 * max(1.0, abs(high)):
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / 3
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough * 0.999)
    first, last = math.floor(low / step), math.ceil(high / step)
    return first * step, last * step, [round(n * step, 12) for n in range(first, last + 1)]


def _epochs(first: int, last: int) -> list[int]:
    """Numbers of epochs to write below the axis, not too many."""
    step = next(n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 10**9) if (last - first) / n <= 10)
    return [first, *range((first // step + 1) * step, last + 1, step)]
