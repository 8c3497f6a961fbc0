"""What a diagram is drawn with: boxes, lines and words on a sheet, by matplotlib. Lengths are inches."""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from pathlib import Path
from typing import Any

from tinyconv.errors import TinyconvError

Point = tuple[float, float]

TEXT, SMALL = 7.5, 6.5  # points
INK, PALE, LINE = "#1d1d1d", "#6b6b6b", "#4a4a4a"
FILLS = {  # by what a layer does
    "convolution": "#cfe3f4",
    "pooling": "#fbd9c0",
    "dense": "#cdebd8",
    "normalisation": "#efe6f6",
    "activation": "#fbf3c9",
    "dropout": "#ececec",
    "concat": "#e3e3e3",
    "input": "#ffffff",
    "frame": "#f7f7f5",
    "other": "#f3f3f3",
}


class Pen:
    """Draws on a fresh sheet of the given width and height; (0, 0) is its upper left corner."""

    def __init__(self, width: float, height: float):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.figure = Figure((width, height), dpi=150, facecolor="white")
        FigureCanvasAgg(self.figure)
        self.axes = self.figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        self.axes.set_axis_off()

    def box(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        from matplotlib.patches import FancyBboxPatch, Rectangle

        frame = kind == "frame"
        style: Any = {"facecolor": FILLS.get(kind, FILLS["other"]), "linewidth": 0.6, "zorder": 1 if frame else 3}
        style["edgecolor"] = "#c4c4c0" if frame else LINE
        if frame:
            round_ = "round,pad=0,rounding_size=0.08"
            self.axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=round_, **style))
        else:
            self.axes.add_patch(Rectangle((x, y), width, height, **style))

    def circle(self, x: float, y: float, radius: float, text: str) -> None:
        from matplotlib.patches import Circle

        self.axes.add_patch(Circle((x, y), radius, facecolor="white", edgecolor=LINE, linewidth=0.8, zorder=3))
        self.text(x, y, text, 10)

    def badge(self, x: float, y: float, text: str) -> None:
        """How often, on the upper right corner of a frame."""
        from matplotlib.patches import FancyBboxPatch

        width = width_of(text, TEXT, True) + 0.16
        round_ = "round,pad=0,rounding_size=0.09"
        place = x - width + 0.06, y - 0.06
        self.axes.add_patch(FancyBboxPatch(place, width, 0.2, boxstyle=round_, color="#3b5b7a", linewidth=0, zorder=5))
        self.axes.text(
            place[0] + width / 2,
            y + 0.042,
            text,
            size=TEXT,
            weight="bold",
            color="white",
            ha="center",
            va="center",
            zorder=6,
        )

    def text(
        self, x: float, y: float, text: str, size: float, where: str = "center", bold: bool = False, pale: bool = False
    ) -> None:
        self.axes.text(
            x,
            y,
            text,
            size=size,
            color=PALE if pale else INK,
            ha=where,
            va="center_baseline" if where == "center" and size > TEXT else "center",
            weight="bold" if bold else "normal",
            parse_math=False,
            zorder=4,
        )

    def line(self, *points: Point) -> None:
        x, y = zip(*points, strict=True)
        self.axes.plot(x, y, color=LINE, linewidth=0.9, zorder=2, solid_capstyle="round", solid_joinstyle="round")

    def arrow(self, start: Point, end: Point) -> None:
        """A line down or sideways, with a head at its end."""
        (x0, y0), (x, y) = start, end
        if start == end:
            return
        self.line(start, end)
        if abs(x - x0) < abs(y - y0):
            corners = (x, y), (x - 0.035, y - 0.075), (x + 0.035, y - 0.075)
        else:
            back = 0.075 if x0 > x else -0.075
            corners = (x, y), (x + back, y - 0.035), (x + back, y + 0.035)
        from matplotlib.patches import Polygon

        self.axes.add_patch(Polygon(corners, color=LINE, linewidth=0, zorder=3))

    def save(self, path: str | os.PathLike[str]) -> None:
        """As PNG: written beside the path, and renamed when it is whole."""
        path = Path(path)
        temporary = path.with_name(f".{path.name}.tmp")
        try:
            self.figure.savefig(temporary, format="png")
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@cache
def width_of(text: str, size: float, bold: bool = False) -> float:
    """How wide a line of text is."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0
    weight = "bold" if bold else "normal"
    return float(TextPath((0, 0), text, size=size, prop=FontProperties(weight=weight)).get_extents().x1) / 72


def require_matplotlib(operation: str) -> None:
    if importlib.util.find_spec("matplotlib") is None:
        raise TinyconvError(operation, "matplotlib is not installed. Install it with: pip install 'tinyconv[viz]'")
