"""Which parts of a picture a model needs: cover them one after the other, and see what it still says.

Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", arXiv:1311.2901, section 4.2, figure 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.geometry import whole
from tinyconv.nn import Module
from tinyconv.ops.activation import softmax
from tinyconv.tensor import Operand, Tensor
from tinyconv.train.files import FilePath
from tinyconv.train.metrics import evaluating

from . import style


def occlusion_sensitivity(
    model: Module,
    image: Operand,
    size: int | None = None,
    stride: int | None = None,
    fill: float | Sequence[float] = 0.0,
    batch_size: int = 128,
) -> np.ndarray:
    """p[i,j,k]: the probability of class k while a square covers the picture around the pixel (i s, j s)

    image   (C, H, W) as the model takes it, normalised
    size    of the square, pixels; a fifth of the picture's shorter side. At the border a part of it is outside
    stride  s, pixels; chosen so that there are about 28 positions along the shorter side
    fill    of the square, one number or one a channel; 0 is the grey of a normalised picture's mean
    ->      (ceil(H/s), ceil(W/s), K)
    Raises ShapeError, ArgumentError.
    """
    x = style.cpu_array(image)
    if x.ndim != 3 or x.size == 0:
        raise ShapeError("occlusion_sensitivity", f"image has shape {x.shape}; it must be one picture (C, H, W).")
    C, H, W = x.shape
    size = whole("occlusion_sensitivity", "size", usual_size(H, W) if size is None else size, least=1)
    stride = whole("occlusion_sensitivity", "stride", max(1, min(H, W) // 28) if stride is None else stride, least=1)
    batch_size = whole("occlusion_sensitivity", "batch_size", batch_size, least=1)
    colour = np.asarray(fill, x.dtype)
    if colour.shape not in ((), (C,)):
        raise ArgumentError("occlusion_sensitivity", f"fill is {fill!r}; give one number, or {C}, one a channel.")
    centres = [(y, x) for y in range(0, H, stride) for x in range(0, W, stride)]
    answers = []
    with evaluating(model) as device:
        for start in range(0, len(centres), batch_size):
            some = centres[start : start + batch_size]
            covered = np.repeat(x[None], len(some), axis=0)
            for picture, (cy, cx) in zip(covered, some, strict=True):
                top, left = cy - size // 2, cx - size // 2
                rows, columns = slice(max(top, 0), top + size), slice(max(left, 0), left + size)
                picture[:, rows, columns] = colour.reshape(-1, 1, 1)
            answers.append(style.cpu_array(softmax(_logits(model(Tensor(covered).to(device))), 1)))
    return np.concatenate(answers).reshape(-(-H // stride), -(-W // stride), -1)


def usual_size(H: int, W: int) -> int:
    """The side of the square, if nobody says it."""
    return max(1, min(H, W) // 5)


def _logits(y: object) -> Tensor:
    if not isinstance(y, Tensor) or y.ndim != 2:
        what = f"shape {y.shape}" if isinstance(y, Tensor) else f"a {type(y).__name__}"
        raise ShapeError("occlusion_sensitivity", f"the model gives {what}; it must give logits (N, K).")
    return y


def plot_occlusion(
    images: style.Arrays,
    maps: style.Arrays,
    targets: Sequence[int],
    classes: Sequence[str],
    path: FilePath,
    size: int | None = None,
) -> None:
    """A row for each picture: itself; the probability of its class by where the square was; the likeliest class.

    images   (C, H, W) each, uint8 0..255 or floating point 0..1; the square is drawn in the corner, to scale
    maps     what `occlusion_sensitivity` gave for each, (OH, OW, K)
    targets  the right class of each
    size     of the square, as it was given there
    """
    N = len(images)
    if not N or not N == len(maps) == len(targets):
        raise ShapeError(
            "plot_occlusion",
            f"there are {N} images, {len(maps)} maps and {len(targets)} targets; give as many of each.",
        )
    titles = "the picture, and the square", "probability of its class\nby where the square is", "likeliest class"
    with style.drawing("plot_occlusion", path, 7.2, 1.9 * N + 0.4, pad=0.08) as figure:
        grid = figure.subplots(N, 3, squeeze=False)
        for axes, title in zip(grid[0], titles, strict=True):
            axes.set_title(title, size=9)
        for row, image, p, target in zip(grid, images, maps, targets, strict=True):
            C, H, W = image.shape
            place = (-0.5, W - 0.5, H - 0.5, -0.5)  # the maps lie on the picture's pixels
            row[0].imshow(style.picture(image), cmap="gray", vmin=0, vmax=1)
            row[0].set_ylabel(style.short(classes[target], 16), size=9, parse_math=False)
            _draw_square(row[0], size or usual_size(H, W))
            seen = row[1].imshow(p[..., target], cmap="viridis", vmin=0, vmax=1, extent=place)
            bar = figure.colorbar(seen, ax=row[1], shrink=0.8, ticks=[0, 0.5, 1], format="%g")
            bar.ax.tick_params(labelsize=7)
            bar.outline.set_visible(False)
            _draw_likeliest(row[2], p.argmax(-1), classes, place)
            for axes in row:
                style.bare(axes)


def _draw_square(axes: Any, size: int) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((-0.5, -0.5), size, size, facecolor="#808080", edgecolor="white", linewidth=0.8))


def _draw_likeliest(axes: Any, likeliest: np.ndarray, classes: Sequence[str], place: tuple[float, ...]) -> None:
    """A colour a class, the most frequent first in the legend; those beyond the palette share pale grey."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    found, codes, counts = np.unique(likeliest, return_inverse=True, return_counts=True)
    rank = np.argsort(np.argsort(-counts, kind="stable"))  # of each class found: 0 is the most frequent
    colours = [*style.PALETTE, style.PALE]
    axes.imshow(
        np.minimum(rank, len(style.PALETTE))[codes].reshape(likeliest.shape),
        cmap=ListedColormap(colours),
        vmin=-0.5,
        vmax=len(colours) - 0.5,
        extent=place,
    )
    named = [style.short(classes[k], 14) for k in found[np.argsort(rank)][: len(style.PALETTE)]]
    labels = [*named, "others"] if len(found) > len(named) else named
    patches = [Patch(color=colour, label=label) for colour, label in zip(colours, labels, strict=False)]
    for patch in patches:
        patch.set_linewidth(0)
    legend = {"loc": "center left", "bbox_to_anchor": (1.02, 0.5), "frameon": False, "fontsize": 7, "handlelength": 1}
    for text in axes.legend(handles=patches, **legend).get_texts():
        text.set_parse_math(False)
