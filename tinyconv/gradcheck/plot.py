"""The error against the step as a picture. Needs matplotlib."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tinyconv.errors import ArgumentError, TinyconvError

if TYPE_CHECKING:
    from .report import GradcheckReport

NAME = "gradcheck"
BLUE, VERMILLION, GREY = "#0072B2", "#D55E00", "#767676"  # told apart by the colour-blind: Okabe and Ito 2008
FLOOR = 1e-17  # where an error of exactly zero is drawn


def plot_curve(report: GradcheckReport, path: str | os.PathLike[str]) -> None:
    """Draw the worst entry's errors, central and complex, against the step, as PNG."""
    if importlib.util.find_spec("matplotlib") is None:
        raise TinyconvError(NAME, "matplotlib is not installed. Install it with: pip install 'tinyconv[viz]'")
    curve = report.curve
    if curve is None:
        raise ArgumentError(NAME, "nothing was compared, so there is no curve to plot.")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure((7, 4.2), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name, quotients, colour, marker in (
        ("central differences", curve.central, BLUE, "o"),
        ("complex step", curve.complex, VERMILLION, "s"),
    ):
        errors = curve.errors(quotients)
        if np.isfinite(errors).any():
            axes.loglog(curve.steps, np.maximum(errors, FLOOR), color=colour, marker=marker, markersize=4, label=name)
    axes.set_ylim(FLOOR / 3, max(30.0, 3 * float(np.nanmax(curve.errors(curve.central)))))
    axes.axhline(1e-6, color=GREY, linewidth=1.4, linestyle="--", label="below it, backward is right")
    axes.invert_xaxis()  # the step shrinks to the right
    axes.set_xlabel("step h")
    axes.set_ylabel("distance from backward, relative")
    place = list(curve.entry.index) if isinstance(curve.entry.index, tuple) else f"direction {curve.entry.index}"
    verdict = "passed" if report.passed else "FAILED"
    axes.set_title(
        f"{verdict}. {curve.entry.name} {place}: backward gives {curve.entry.analytic:.6g}", loc="left", size=10
    )
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    path = Path(path)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        figure.savefig(temporary, format="png", facecolor="white")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
