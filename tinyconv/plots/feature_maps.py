"""What the layers make of one picture: their maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.nn import Module
from tinyconv.tensor import Operand, as_tensor
from tinyconv.train.files import FilePath
from tinyconv.train.metrics import evaluating

from . import style
from .layers import convolutions, layer_at, watching

ROWS = 8  # layers that are shown if none is named
IN_A_ROW = 16  # maps of each, if there are several layers
MOST = 256  # maps of one layer that is shown alone
WIDTH = 10.0  # inches


def feature_maps(model: Module, images: Operand, *layers: str) -> dict[str, np.ndarray]:
    """The outputs (N, C, H, W) of layers in evaluation, by their paths; of a layer that runs twice the last.

    images  (N, C, H, W) as the model takes them, normalised
    layers  paths such as "block2.conv1"; if there are none, up to 8 convolutions from the first to the last,
            each with the batch norm and ReLU behind it
    Raises UnknownNameError, ArgumentError, ShapeError.
    """
    found: dict[str, np.ndarray] = {}
    with evaluating(model) as device:
        x = as_tensor(images).to(device)
        paths = layers or _some(convolutions("feature_maps", model, x))
        named = {path: layer_at("feature_maps", model, path) for path in paths}

        def see(path: str, output: object) -> None:
            if getattr(output, "ndim", 0) != 4:
                what = f"shape {output.shape}" if hasattr(output, "shape") else f"a {type(output).__name__}"
                raise ShapeError("feature_maps", f"layer {path!r} gives {what}; maps are (N, C, H, W).")
            found[path] = style.cpu_array(output)

        with watching(named, see):
            model(x)
    for path in named:
        if path not in found:
            raise ArgumentError("feature_maps", f"layer {path!r} does not run in evaluation; name another.")
    return {path: found[path] for path in named}


def _some(paths: list[str]) -> list[str]:
    """At most ROWS of them, evenly spread, the first and the last among them."""
    places = np.linspace(0, len(paths) - 1, min(ROWS, len(paths)))
    return [paths[round(i)] for i in places]


def plot_feature_maps(image: np.ndarray, maps: Mapping[str, np.ndarray], path: FilePath) -> None:
    """A picture and what layers make of it: a montage of each layer's maps, with one scale for all maps of a layer.

    image  (C, H, W), uint8 0..255 or floating point 0..1
    maps   by the layer's path, (C, H, W) each, as `feature_maps` gives them for one picture

    Maps without negative numbers, as after ReLU, run from black (0) to yellow; others from blue over white (0) to red.
    """
    for name, m in maps.items():
        if m.ndim != 3 or m.size == 0:
            raise ShapeError("plot_feature_maps", f"maps of {name!r} have shape {m.shape}; they must be (C, H, W).")
    limit = MOST if len(maps) == 1 else IN_A_ROW
    columns = [style.columns_for(min(len(m), limit)) if limit == MOST else limit for m in maps.values()]
    sheets = [style.montage(list(m[:limit]), c) for m, c in zip(maps.values(), columns, strict=True)]
    inches = [(WIDTH - 2.6) * sheet.shape[0] / sheet.shape[1] + 0.5 for sheet in sheets]
    with style.drawing("plot_feature_maps", path, WIDTH, max(sum(inches) + 0.3, 2.0)) as figure:
        left, right = figure.subfigures(1, 2, width_ratios=(1.6, WIDTH - 1.6))
        axes = left.subplots()
        axes.imshow(style.picture(image), cmap="gray", vmin=0, vmax=1)
        axes.set_title("the picture", size=9)
        axes.set_anchor("N")
        style.bare(axes)
        cells = right.subplots(len(sheets), 1, squeeze=False, height_ratios=inches).ravel()
        for axes, (name, m), sheet in zip(cells, maps.items(), sheets, strict=True):
            C, H, W = m.shape
            shown = f"{limit} of {C}" if limit < C else str(C)
            axes.set_title(f"{name}: {shown} maps {H}×{W}", size=9, loc="left", parse_math=False)
            style.bare(axes)
            _draw(figure, axes, sheet)


def _draw(figure: Any, axes: Any, sheet: np.ndarray) -> None:
    """A montage with its scale beside it."""
    most = float(np.nanmax(np.abs(sheet))) or 1.0
    signed = np.nanmin(sheet) < 0
    ticks = [-most, 0, most] if signed else [0, most]
    drawn = axes.imshow(
        sheet, cmap="RdBu_r" if signed else "inferno", vmin=ticks[0], vmax=most, interpolation="nearest"
    )
    bar = figure.colorbar(drawn, ax=axes, pad=0.01, fraction=0.02, ticks=ticks)
    bar.ax.set_yticklabels([f"{tick:.2g}" for tick in ticks], size=7)
    bar.outline.set_visible(False)
