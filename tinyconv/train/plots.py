"""A run in pictures: its curves, its confusion matrix, its mistakes. Needs matplotlib."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinyconv.errors import DataError, ShapeError, TinyconvError
from tinyconv.tensor import Operand, array_of

from .files import FilePath, writing

BLUE, VERMILLION, GREY = "#0072B2", "#D55E00", "#767676"  # told apart by the colour-blind: Okabe and Ito 2008
LEGIBLE = 20  # up to so many classes, a confusion matrix has counts in its cells


def available() -> bool:
    """Is matplotlib there, which the pictures are drawn with?"""
    return importlib.util.find_spec("matplotlib") is not None


# ---------------------------------------------------------------- curves


def plot_curves(history: Sequence[Mapping[str, Any]], path: FilePath) -> None:
    """Loss and accuracy in training and in evaluation, epoch by epoch, as PNG; the best epoch is marked.

    history  a record an epoch: epoch, loss, accuracy and, if it was evaluated, val_loss, val_accuracy

    Best is the first epoch with the highest accuracy, in evaluation if there is one.
    """
    if not history:
        raise DataError("plot_curves", "history is empty: not one epoch is complete.")
    figure = _figure("plot_curves", 9, 3.9)
    judge = "val_accuracy" if "val_accuracy" in history[0] else "accuracy"
    best = max(history, key=lambda record: np.nan_to_num(record[judge], nan=-1))
    for axes, key in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        scale = 100 if key == "accuracy" else 1
        for name, curve, colour in (("training", key, BLUE), ("evaluation", f"val_{key}", VERMILLION)):
            points = [(record["epoch"], scale * record[curve]) for record in history if curve in record]
            if points:
                marker = {"marker": "o", "markersize": 4} if len(points) <= 30 else {}
                axes.plot(*zip(*points, strict=True), color=colour, label=name, linewidth=1.6, **marker)
        if len(history) > 1:
            label = f"best: {best[judge]:.2%} in epoch {best['epoch']}" if key == "accuracy" else None
            axes.axvline(best["epoch"], color=GREY, linewidth=1, linestyle=":", zorder=0, label=label)
        axes.set_title("Accuracy (%)" if key == "accuracy" else "Loss", loc="left")
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        room = max(0.5, len(history) / 50)
        axes.set_xlim(history[0]["epoch"] - room, history[-1]["epoch"] + room)
        axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    _save(figure, path)


# ---------------------------------------------------------------- confusion matrix


def plot_confusion(matrix: np.ndarray, classes: Sequence[str], path: FilePath) -> None:
    """The confusion matrix (K, K) as PNG: counts, on a colour for their share of the row's pictures.

    Hits, on the diagonal, are blue; mistakes have a red scale of their own that ends at the worst of them, so
    that a class taken for another in 1 % of all cases can be seen beside hits of 99 %.
    """
    m = np.asarray(matrix)
    K = len(classes)
    if m.shape != (K, K):
        raise ShapeError("plot_confusion", f"matrix has shape {m.shape}; for {K} classes it must be {(K, K)}.")
    side = min(max(4, 2.2 + 0.52 * K), 14)
    figure = _figure("plot_confusion", side + 0.9, side)
    axes = figure.subplots()
    share = m / np.maximum(m.sum(1, keepdims=True), 1)
    hit = np.eye(K, dtype=bool)
    worst = max(share[~hit].max(initial=0), 1e-9)
    hits = axes.imshow(np.ma.array(share, mask=~hit), cmap="Blues", vmin=0, vmax=1.2)
    mistakes = axes.imshow(np.ma.array(share, mask=hit | (m == 0)), cmap="Oranges", vmin=0, vmax=worst)
    if K <= LEGIBLE:
        for t, p in np.ndindex(K, K):
            red, green, blue, _ = (hits if t == p else mistakes).to_rgba(share[t, p])
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
            colour = "white" if dark else "#202020" if m[t, p] else "#c0c0c0"
            axes.text(p, t, str(m[t, p]), ha="center", va="center", color=colour, size=8)
    bar = figure.colorbar(mistakes, ax=axes, shrink=0.7, aspect=30, format=lambda x, _: f"{100 * x:.3g}%")
    bar.outline.set_visible(False)
    bar.set_label("mistakes, share of the true class")
    if K <= 3 * LEGIBLE:
        names = [_short(name, 20) for name in classes]
        style = {"parse_math": False, "size": 8 if K <= LEGIBLE else 6}
        axes.set_xticks(range(K), names, rotation=90 if max(map(len, names)) > 3 else 0, **style)
        axes.set_yticks(range(K), names, **style)
    axes.tick_params(length=0)
    axes.spines[:].set_color("#c0c0c0")
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    _save(figure, path)


# ---------------------------------------------------------------- mistakes


def plot_mistakes(
    images: Operand,
    targets: Operand,
    predictions: Operand,
    probabilities: Operand,
    classes: Sequence[str],
    path: FilePath,
    count: int = 36,
) -> None:
    """The mistakes that the model was surest of, as PNG: picture, true -> predicted class, its probability.

    images (N, C, H, W), uint8 0..255 or floating point 0..1, in grey or, if C is 3, in colours
    targets, predictions (N,)   probabilities (N, K)
    """
    x, t, y, p = (np.asarray(array_of(a)) for a in (images, targets, predictions, probabilities))
    N, K = len(x), len(classes)
    if x.ndim != 4 or t.shape != (N,) or y.shape != (N,) or p.shape != (N, K):
        raise ShapeError(
            "plot_mistakes",
            f"images {x.shape}, targets {t.shape}, predictions {y.shape} and probabilities {p.shape} do not "
            f"fit together; for {K} classes they must be (N, C, H, W), (N,), (N,) and (N, {K}).",
        )
    wrong = np.flatnonzero(t != y)
    surest = wrong[np.argsort(-p[wrong, y[wrong]], kind="stable")][:count]
    columns = max(4, math.ceil(math.sqrt(len(surest))))
    rows = max(1, math.ceil(len(surest) / columns))
    shown = [[_short(classes[k], 16) for k in (t[i], y[i])] for i in surest]
    line_break = "\n" if max((len(a + b) for a, b in shown), default=0) > 14 else " "
    figure = _figure("plot_mistakes", 1.4 * columns, (1.7 if line_break == " " else 1.85) * rows + 0.5)
    which = f", the {len(surest)} that the model was surest of" if len(surest) < len(wrong) else ""
    figure.suptitle(f"{len(wrong):,} mistake{'' if len(wrong) == 1 else 's'} in {N:,} pictures{which}", size=10)
    cells = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in cells:
        axes.set_axis_off()
    for axes, i, (true, predicted) in zip(cells, surest, shown, strict=False):
        axes.imshow(_picture(x[i]), cmap="gray", vmin=0, vmax=1)
        title = f"{true}{line_break}→ {predicted}\n{p[i, y[i]]:.1%}"
        axes.set_title(title, size=8, pad=4, parse_math=False)
    _save(figure, path)


def _picture(x: np.ndarray) -> np.ndarray:
    """(C, H, W) -> (H, W) grey or (H, W, 3), from 0 to 1"""
    x = x / 255 if x.dtype == np.uint8 else np.clip(x, 0, 1)
    return x.transpose(1, 2, 0) if len(x) == 3 else x.mean(0)


def _short(name: str, length: int) -> str:
    return name if len(name) <= length else name[: length - 1] + "…"


# ---------------------------------------------------------------- figures


def _figure(operation: str, width: float, height: float) -> Any:
    """An empty matplotlib Figure of so many inches that belongs to nobody else: pyplot is not touched."""
    if not available():
        raise TinyconvError(operation, "matplotlib is not installed. Install it with: pip install 'tinyconv[viz]'")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)  # inches
    figure = Figure((width, height), dpi=150, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Any, path: FilePath) -> None:
    with writing(path) as temporary:
        figure.savefig(temporary, format="png", facecolor="white")
