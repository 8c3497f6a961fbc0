"""What all pictures share: colours, figures and their files, and how arrays of numbers become pictures."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tinyconv.errors import ArgumentError, TinyconvError
from tinyconv.tensor import Operand, array_of
from tinyconv.train.files import FilePath, writing

# Told apart by the colour-blind: Okabe and Ito 2008, "Color Universal Design".
BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9"
PALETTE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
GREY, PALE, INK = "#767676", "#e6e6e6", "#202020"
ENDINGS = (".png", ".svg")
Arrays = np.ndarray | Sequence[np.ndarray]  # N arrays of one size in one, or one by one
FINE = 28  # pixels that the longer side of a tile has at least


# ---------------------------------------------------------------- figures


def available() -> bool:
    """Is matplotlib there, which the pictures are drawn with?"""
    return importlib.util.find_spec("matplotlib") is not None


@contextmanager
def drawing(operation: str, path: FilePath, width: float, height: float, pad: float = 0.1) -> Iterator[Any]:
    """An empty matplotlib Figure of so many inches, with `pad` around each axes, written to `path` when the block ends.

    The figure belongs to nobody else: pyplot is not touched.
    """
    check(operation, path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=pad, h_pad=pad, wspace=0, hspace=0)
    figure = Figure((width, height), dpi=150, layout=layout)
    FigureCanvasAgg(figure)
    yield figure
    save(figure, path)


def check(operation: str, path: FilePath) -> None:
    """Refuse a file that is neither PNG nor SVG, and to draw without matplotlib."""
    if Path(path).suffix.lower() not in ENDINGS:
        raise ArgumentError(operation, f"{path} ends in neither .png nor .svg; choose one of them.")
    if not available():
        raise TinyconvError(operation, "matplotlib is not installed. Install it with: pip install 'tinyconv[viz]'")


def save(figure: Any, path: FilePath) -> None:
    with writing(path) as temporary:
        figure.savefig(temporary, format=Path(path).suffix[1:].lower(), facecolor="white")


def bare(axes: Any) -> None:
    """No ticks and no frame: a picture has no scale."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


# ---------------------------------------------------------------- pictures and words


def cpu_array(x: Operand) -> np.ndarray:
    """A Tensor or an array, wherever it is, as a NumPy array."""
    return np.asarray(x.detach().cpu().numpy() if hasattr(x, "detach") else array_of(x))


def picture(x: np.ndarray) -> np.ndarray:
    """(C, H, W) -> (H, W) grey or, if C is 3, (H, W, 3), from 0 to 1   uint8 0..255 or floating point 0..1"""
    x = x / 255 if x.dtype == np.uint8 else np.clip(x, 0, 1)
    return x.transpose(1, 2, 0) if len(x) == 3 else x.mean(0)


def montage(tiles: Sequence[np.ndarray], columns: int, ground: float = np.nan) -> np.ndarray:
    """Tiles (H, W, ...) of one size side by side, row after row; small ones enlarged, so that gaps look alike."""
    enlarged = -(-FINE // max(tiles[0].shape[:2]))
    tiles = [tile.repeat(enlarged, 0).repeat(enlarged, 1) for tile in tiles]
    H, W, *colours = tiles[0].shape
    gap = max(H, W) // 12
    rows = math.ceil(len(tiles) / columns)
    sheet = np.full((rows * (H + gap) - gap, columns * (W + gap) - gap, *colours), ground, np.float64)
    for i, tile in enumerate(tiles):
        top, left = i // columns * (H + gap), i % columns * (W + gap)
        sheet[top : top + H, left : left + W] = tile
    return sheet


def columns_for(count: int) -> int:
    """How many of so many tiles stand in a row: as many as there are rows, or up to thrice that to fill the last."""
    few, many = math.ceil(math.sqrt(count)), math.ceil(math.sqrt(3 * count))
    return min(range(few, many + 1), key=lambda columns: -count % columns)


def short(name: str, length: int) -> str:
    return name if len(name) <= length else name[: length - 1] + "…"
