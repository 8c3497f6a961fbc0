"""Which classes are taken for which: the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyconv.errors import ShapeError
from tinyconv.train.files import FilePath

from . import style

COUNTED = 20  # up to so many classes, counts stand in the cells
NAMED = 120  # up to so many, classes have their names beside the matrix


def plot_confusion(matrix: np.ndarray, classes: Sequence[str], path: FilePath) -> None:
    """The confusion matrix (K, K): counts, on a colour for their share of the row's pictures.

    matrix[t, p]  how many pictures of class t were taken for class p

    Hits, on the diagonal, are blue; mistakes have a red scale of their own that ends at the worst of them, so
    that a class taken for another in 1 % of all cases can be seen beside hits of 99 %.
    """
    m = np.asarray(matrix)
    K = len(classes)
    if m.shape != (K, K):
        raise ShapeError("plot_confusion", f"matrix has shape {m.shape}; for {K} classes it must be {(K, K)}.")
    side = min(max(4, 2.2 + 0.52 * K), 14)
    share = m / np.maximum(m.sum(1, keepdims=True), 1)
    hit = np.eye(K, dtype=bool)
    worst = max(share[~hit].max(initial=0), 1e-9)
    with style.drawing("plot_confusion", path, side + 0.9, side) as figure:
        axes = figure.subplots()
        hits = axes.imshow(np.ma.array(share, mask=~hit), cmap="Blues", vmin=0, vmax=1.2)
        mistakes = axes.imshow(np.ma.array(share, mask=hit | (m == 0)), cmap="Oranges", vmin=0, vmax=worst)
        if K <= COUNTED:
            for t, p in np.ndindex(K, K):
                red, green, blue, _ = (hits if t == p else mistakes).to_rgba(share[t, p])
                dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
                colour = "white" if dark else style.INK if m[t, p] else "#c0c0c0"
                axes.text(p, t, str(m[t, p]), ha="center", va="center", color=colour, size=8)
        bar = figure.colorbar(mistakes, ax=axes, shrink=0.7, aspect=30, format=lambda x, _: f"{100 * x:.3g}%")
        bar.outline.set_visible(False)
        bar.set_label("mistakes, share of the true class")
        if K <= NAMED:
            names = [style.short(name, 20) for name in classes]
            how = {"parse_math": False, "size": 8 if K <= COUNTED else max(4.5, 6 - (K - 60) / 20)}
            axes.set_xticks(range(K), names, rotation=90 if max(map(len, names)) > 3 else 0, **how)
            axes.set_yticks(range(K), names, **how)
        axes.tick_params(length=0)
        axes.spines[:].set_color("#c0c0c0")
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
