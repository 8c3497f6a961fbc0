"""Precision, recall and F1 of each class, as bars."""

from __future__ import annotations

import numpy as np

from tinyconv.train.files import FilePath
from tinyconv.train.metrics import Report

from . import style

WRITTEN = 24  # up to so many classes, the numbers stand beside the bars, and the classes in their own order
COLOURS = {"precision": style.BLUE, "recall": style.VERMILLION, "F1": style.GREY}


def plot_scores(report: Report, path: FilePath) -> None:
    """Three bars a class, in per cent, and their plain averages in the legend; what `classification_report` found.

    Of many classes the worst come first, by F1, and stand on top. A score that is 0/0 has "none" in its place.
    """
    K = len(report.classes)
    order = np.arange(K) if K <= WRITTEN else np.argsort(report.per_class.f1, kind="stable")
    thickness = 0.26
    inches = 0.5 if K <= WRITTEN else 0.17
    with style.drawing("plot_scores", path, 7.5, 1.5 + inches * max(K, 2)) as figure:
        axes = figure.subplots()
        for i, (name, colour) in enumerate(COLOURS.items()):
            values, undefined = 100 * report.per_class[i][order], report.undefined[i][order]
            places = np.arange(K) + (i - 1) * thickness
            mean = f"{name}, average {100 * report.macro[i]:.2f}"
            bars = axes.barh(places, values, thickness, color=colour, label=mean)
            if K <= WRITTEN:
                said = ["none" if u else f"{v:.1f}" for u, v in zip(undefined, values, strict=True)]
                axes.bar_label(bars, said, padding=3, size=7, color=style.INK)
        names = [f"{style.short(report.classes[k], 24)}  ({report.support[k]:,})" for k in order]
        axes.set_yticks(range(K), names, parse_math=False, size=8 if K <= WRITTEN else 6)
        axes.set_ylim(K - 0.4, -0.6)
        axes.set_xlim(0, 108 if K <= WRITTEN else 100)
        axes.set_xticks(range(0, 101, 20))
        axes.set_xlabel("%")
        axes.set_title(f"accuracy {report.accuracy:.2%};  in brackets, pictures of each class", size=9)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=style.PALE, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
