"""What the first convolution looks for: its filters as small pictures."""

from __future__ import annotations

import math

import numpy as np

from tinyconv.errors import ArgumentError, DataError, ShapeError
from tinyconv.nn import Conv2d, Module
from tinyconv.tensor import Operand
from tinyconv.train.files import FilePath

from . import style
from .layers import layer_at

MOST = 256  # filters in one picture
IN_A_ROW = 16  # channels of a filter, and rows, if each channel is a picture


def filters_of(model: Module, layer: str | None = None) -> tuple[str, np.ndarray]:
    """The path and the weights (F, C, KH, KW) of a convolution: the one at that path, or the model's first."""
    if layer is None:
        layer = next((path for path, module in model.named_modules() if isinstance(module, Conv2d)), None)
        if layer is None:
            raise DataError("filters_of", f"{type(model).__name__} has no convolution.")
    module = layer_at("filters_of", model, layer)
    if not isinstance(module, Conv2d):
        raise ArgumentError("filters_of", f"{layer} is a {type(module).__name__}; name a Conv2d.")
    return layer, style.cpu_array(module.weight)


def plot_filters(weights: Operand, path: FilePath, title: str = "") -> None:
    """Filters w (F, C, KH, KW) as pictures, all on one scale: 0 is grey, the largest |w| black or white.

    In colours if C is 3: red where the filter likes red. Otherwise in grey, and if C is not 1 each filter is a row
    of pictures, one for each channel of its input; up to 16 by 16 of them.
    """
    w = style.cpu_array(weights)
    if w.ndim != 4 or w.size == 0:
        raise ShapeError("plot_filters", f"weights have shape {w.shape}; they must be (F, C, KH, KW), and not empty.")
    F, C, KH, KW = w.shape
    most = float(np.abs(w).max()) or 1.0
    w = 0.5 + w / (2 * most)
    if C in (1, 3):
        tiles = [style.picture(f) for f in w[:MOST]]
        columns = style.columns_for(len(tiles))
        said = f"{_of(len(tiles), F)} filters"
    else:
        shown = w[:IN_A_ROW, :IN_A_ROW]
        tiles, columns = list(shown.reshape(-1, KH, KW)), shown.shape[1]  # row after row, channel after channel
        said = f"{_of(len(shown), F)} filters, of each {_of(columns, C)} channels in a row"
    rows = math.ceil(len(tiles) / columns)
    width = min(max(0.5 * columns, 6), 10)  # inches
    side = min((width - 0.3) / columns, 0.9)
    with style.drawing("plot_filters", path, width, side * rows + 0.6) as figure:
        axes = figure.subplots()
        axes.imshow(style.montage(tiles, columns, ground=1.0), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        style.bare(axes)
        heading = f"{title}: " if title else ""
        axes.set_title(f"{heading}{said}, {KH}×{KW}\ngrey is 0, black and white ±{most:.2g}", size=9, parse_math=False)


def _of(shown: int, count: int) -> str:
    return f"{shown} of {count}" if shown < count else str(count)
