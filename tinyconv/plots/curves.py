"""Loss and accuracy as training goes on: of one run, and of several in one picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinyconv.errors import DataError, UnknownNameError
from tinyconv.train.files import FilePath

from . import style

History = Sequence[Mapping[str, Any]]
MARKED = 30  # up to so many epochs, each has a dot
UNITS = ((7200, 3600, "h"), (180, 60, "min"), (0, 1, "s"))  # from so many seconds on, seconds in one, its name


def plot_curves(history: History, path: FilePath, x: str = "epoch") -> None:
    """Loss and accuracy in training and in evaluation, epoch by epoch; the best epoch is marked.

    history  a record an epoch: epoch, loss, accuracy and, if it was evaluated, val_loss, val_accuracy; seconds
    path     a .png or .svg file
    x        "epoch", or "seconds" of training
    Best is the first epoch with the highest accuracy, in evaluation if there is one.
    """
    _check("plot_curves", {"": history}, x)
    best = _best(history)
    times, label = _times([history], x)
    with style.drawing("plot_curves", path, 9, 3.9) as figure:
        for axes, key in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
            for name, curve, colour in (
                ("training", key, style.BLUE),
                ("evaluation", f"val_{key}", style.VERMILLION),
            ):
                _draw(axes, times[0], history, curve, color=colour, label=name, linewidth=1.6)
            if len(history) > 1:
                place = times[0][history.index(best)]
                said = f"best: {_percent(best)} in epoch {best['epoch']}" if key == "accuracy" else None
                axes.axvline(place, color=style.GREY, linewidth=1, linestyle=":", zorder=0, label=said)
            _dress(axes, key, times, label)
            axes.legend(frameon=False)


def plot_comparison(histories: Mapping[str, History], path: FilePath, x: str = "epoch") -> None:
    """The same of several runs: one colour a run, thick in evaluation, thin and dotted in training.

    histories  by the run's name, which stands in the legend with its best accuracy
    path, x    as above
    """
    _check("plot_comparison", histories, x)
    times, label = _times(list(histories.values()), x)
    columns = 2 if max(map(len, histories)) <= 24 else 1
    rows = math.ceil(len(histories) / columns)
    with style.drawing("plot_comparison", path, 9, 4.1 + 0.22 * rows) as figure:
        for axes, key in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
            for i, (name, history) in enumerate(histories.items()):
                colour = style.PALETTE[i % len(style.PALETTE)]
                dashes = ("-", "--", "-.")[i // len(style.PALETTE) % 3]
                best = _best(history)
                legend = f"{style.short(name, 48)}: best {_percent(best)}, epoch {best['epoch']}"
                _draw(axes, times[i], history, key, color=colour, linewidth=1, linestyle=":", marker="")
                curve = f"val_{key}"
                _draw(axes, times[i], history, curve, color=colour, linewidth=1.6, linestyle=dashes, label=legend)
            _dress(axes, key, times, label)
        handles, labels = axes.get_legend_handles_labels()
        legend = figure.legend(handles, labels, loc="outside lower center", frameon=False, ncols=columns)
        for text in legend.get_texts():
            text.set_parse_math(False)
        figure.suptitle("thick: evaluation     thin, dotted: training", size=9, color=style.GREY)


def _check(operation: str, histories: Mapping[str, History], x: str) -> None:
    if x not in ("epoch", "seconds"):
        raise UnknownNameError(operation, "axis", x, ("epoch", "seconds"))
    if not histories:
        raise DataError(operation, "there are no histories to compare.")
    for name, history in histories.items():
        of = f" of {name}" if name else ""
        if not history:
            raise DataError(operation, f"history{of} is empty: not one epoch is complete.")
        if any(x not in record for record in history):
            raise DataError(operation, f"history{of} has no {x!r}; choose the other axis.")


def _best(history: History) -> Mapping[str, Any]:
    judge = "val_accuracy" if "val_accuracy" in history[0] else "accuracy"
    return max(history, key=lambda record: np.nan_to_num(record.get(judge, math.nan), nan=-1))


def _percent(record: Mapping[str, Any]) -> str:
    return f"{record.get('val_accuracy', record.get('accuracy')):.2%}"


def _times(histories: Sequence[History], x: str) -> tuple[list[list[float]], str]:
    """The place of each epoch's end on the axis, for each run; and what is written below the axis."""
    if x == "epoch":
        return [[record["epoch"] for record in history] for history in histories], "epoch"
    seconds = [np.cumsum([record["seconds"] for record in history]) for history in histories]
    most = max(times[-1] for times in seconds)
    _, unit, name = next(row for row in UNITS if most >= row[0])
    return [(times / unit).tolist() for times in seconds], f"time of training ({name})"


def _draw(axes: Any, times: Sequence[float], history: History, key: str, **how: Any) -> None:
    scale = 100 if key.endswith("accuracy") else 1
    points = [(t, scale * record[key]) for t, record in zip(times, history, strict=True) if key in record]
    if points:
        marker = {"marker": "o", "markersize": 4} if len(points) <= MARKED else {}
        axes.plot(*zip(*points, strict=True), **(marker | how))


def _dress(axes: Any, key: str, times: Sequence[Sequence[float]], label: str) -> None:
    axes.set_title("Accuracy (%)" if key == "accuracy" else "Loss", loc="left")
    axes.set_xlabel(label)
    first, last = min(t[0] for t in times), max(t[-1] for t in times)
    if label == "epoch":
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        room = max(0.5, (last - first + 1) / 50)
        axes.set_xlim(first - room, last + room)
    else:
        axes.set_xlim(0, 1.02 * last)
    axes.grid(axis="y", color=style.PALE, linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
