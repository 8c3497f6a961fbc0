"""Accuracy, operations and parameters of the zoo's nets as bubbles. Needs matplotlib."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from typing import Any

from tinyconv.errors import ArgumentError, TinyconvError
from tinyconv.train.files import FilePath, writing

from .entries import Entry, zoo
from .labels import place_labels

LEGEND = (5, 25, 75, 150)  # millions of parameters, as bubbles
AREA = 9.0  # square points for a million parameters
MARKS = "ᵃᵇᶜᵈᵉᶠᵍʰ"
INK, PALE = "#222222", "#767676"


def plot_zoo(path: FilePath, entries: Sequence[Entry] | None = None) -> None:
    """Published top-1 accuracy against multiply-adds for a picture, as PNG; the areas are the numbers of parameters.

    After Canziani, Paszke and Culurciello 2016, "An Analysis of Deep Neural Network Models for Practical
    Applications", arXiv:1605.07678, figure 2, with a logarithmic axis: half of the zoo needs less than 4 G.
    Raises DataError, TinyconvError where matplotlib is missing.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise TinyconvError("plot_zoo", "matplotlib is not installed. Install it with: pip install 'tinyconv[viz]'")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = [entry for entry in (zoo() if entries is None else entries) if entry.card.top1 is not None]
    if not shown:
        raise ArgumentError("plot_zoo", "none of these models has a published accuracy.")
    shown.sort(key=lambda entry: entry.idle - entry.parameters)  # small bubbles lie upon large ones
    figure = Figure((11, 7.6), dpi=150, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.065, 0.135, 0.855, 0.80))
    x = [entry.multiply_adds / 1e9 for entry in shown]
    y = [entry.card.top1[0] for entry in shown if entry.card.top1]
    area = [AREA * (entry.parameters - entry.idle) / 1e6 for entry in shown]
    years = [entry.card.year or 0 for entry in shown]
    bubbles = axes.scatter(x, y, area, years, cmap="viridis", alpha=0.55, linewidths=0)
    axes.scatter(x, y, 4, INK, linewidths=0, zorder=3)
    _dress(figure, axes, bubbles, years)
    sources = sorted({_source(entry) for entry in shown})
    labels = [entry.card.name + MARKS[sources.index(_source(entry)) % len(MARKS)] for entry in shown]
    place_labels(axes, x, y, area, labels)
    said = "   ".join(f"{mark} {source}" for mark, source in zip(MARKS, sources, strict=False))
    figure.text(
        0.065,
        0.022,
        f"Accuracies are published ones, of a single crop, and not measured here:   {said}\n"
        "Parameters and multiply-adds as counted by tinyconv. After Canziani et al. 2016, arXiv:1605.07678, figure 2.",
        size=8,
        color=PALE,
        linespacing=1.5,
    )
    with writing(path) as temporary:
        figure.savefig(temporary, format="png")


def _source(entry: Entry) -> str:
    """ "Caffe" of "Caffe's bvlc_googlenet", "the paper" of "the paper, table 2" """
    said = entry.card.top1[1] if entry.card.top1 else ""
    return re.split(r"[,']| and ", said)[0]


def _dress(figure: Any, axes: Any, bubbles: Any, years: Sequence[int]) -> None:
    """Axes, titles, the legend of areas and the scale of years."""
    axes.set_xscale("log")
    axes.set_xticks([0.2, 0.5, 1, 2, 5, 10, 20, 50], ["0.2", "0.5", "1", "2", "5", "10", "20", "50"])
    axes.minorticks_off()
    low, high = axes.get_xlim()
    axes.set_xlim(low / 1.15, high * 1.25)
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom - 1, top + 1.5)
    axes.set_xlabel("multiply-adds for one picture (10⁹)")
    axes.set_ylabel("top-1 accuracy on ImageNet's validation pictures, %")
    axes.set_title("Accuracy, operations and parameters of the zoo's nets", loc="left", size=13, weight="bold")
    axes.grid(color="#e8e8e8", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    handles = [
        axes.scatter([], [], AREA * millions, "#c9c9c9", linewidths=0, label=f"{millions} M") for millions in LEGEND
    ]
    axes.legend(
        handles=handles,
        title="parameters\n",
        loc="lower right",
        frameon=False,
        ncols=len(LEGEND),
        handletextpad=1.4,
        columnspacing=2.8,
        borderpad=2.0,
    )
    scale = figure.colorbar(bubbles, cax=figure.add_axes((0.935, 0.3, 0.012, 0.45)))
    scale.set_ticks(sorted(set(years)), labels=[str(year) for year in sorted(set(years))])
    scale.outline.set_visible(False)
    scale.ax.set_title("year", size=9)
