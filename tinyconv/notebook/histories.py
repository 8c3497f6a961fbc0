"""A history of training in a notebook: curves, and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .charts import Curve, chart
from .html import EVALUATION, TRAINING, card, cell, table

Record = Mapping[str, Any]
LAST = 8  # epochs in the table; the others are folded up
PLAIN = ("epoch", "lr", "seconds", "images_per_second")


def html(history: Sequence[Record], epochs: int = 0, note: str = "", running: Record | None = None) -> str:
    """Curves and a table; while training goes on:

    epochs   how many there will be
    note     a line below the curves: where it is
    running  figures of the present epoch, which is not complete: its "epoch" is a fraction
    """
    if not history and not note:
        return card('<span class="tcn-pale">No epoch is complete.</span>')
    points = [*history, running] if running else history
    first, last = 0 if note else 1, max([epochs, *(record["epoch"] for record in history)])
    charts = [_chart(name, points, first, last) for name in ("loss", "accuracy") if any(name in r for r in points)]
    parts = [f'<div style="display:flex;flex-wrap:wrap;gap:8px">{"".join(charts)}</div>' if charts else ""]
    parts += [f'<div class="tcn-pale">{escape(note)}</div>' if note else ""]
    if history:
        shown = _table(history[-LAST:])
        parts.append(shown if len(history) <= LAST else _folded(history, shown))
    return card(*parts)


def _chart(name: str, history: Sequence[Record], first: int, last: int) -> str:
    percent = name == "accuracy"
    curves = [
        Curve("training", TRAINING, _points(name, history, percent)),
        Curve("evaluation", EVALUATION, _points(f"val_{name}", history, percent)),
    ]
    return chart(name, [curve for curve in curves if curve.points], first, last, percent)


def _points(figure: str, history: Sequence[Record], percent: bool) -> list[tuple[float, float]]:
    return [(r["epoch"], r[figure] * (100 if percent else 1)) for r in history if figure in r]


def _table(history: Sequence[Record]) -> str:
    columns = list(dict.fromkeys(figure for record in history for figure in record))
    rows = [[cell(_said(name, record[name]) if name in record else "") for name in columns] for record in history]
    return table([name.replace("_", " ") for name in columns], rows)


def _folded(history: Sequence[Record], shown: str) -> str:
    whole = _table(history)
    mark = f'<summary class="tcn-pale"><span class="tcn-mark"></span>all {len(history)} epochs</summary>'
    return f"{shown}<details>{mark}{whole}</details>"


def _said(name: str, value: Any) -> str:
    if name.endswith("accuracy"):
        return f"{value:.2%}"
    if isinstance(value, float):
        return f"{value:.4g}" if name in PLAIN else f"{value:.4f}"
    return str(value)
