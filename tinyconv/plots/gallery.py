"""Pictures with a word under each: any that are labelled, and those that a model got wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tinyconv.errors import ShapeError
from tinyconv.tensor import Operand
from tinyconv.train.files import FilePath

from . import style

WIDTH = 16  # letters of a class's name that fit above its picture


def plot_gallery(images: Operand, captions: Sequence[str], path: FilePath, title: str = "") -> None:
    """Pictures in rows, a caption above each, as a .png or .svg file.

    images    (N, C, H, W), or a list of N arrays (C, H_i, W_i); uint8 0..255 or floating point 0..1, in grey or,
              if C is 3, in colours
    captions  N texts, of one line or more
    """
    x = _pictures("plot_gallery", images)
    if len(captions) != len(x):
        raise ShapeError("plot_gallery", f"there are {len(x)} images, but {len(captions)} captions.")
    columns = max(4, math.ceil(math.sqrt(len(x))))
    rows = max(1, math.ceil(len(x) / columns))
    lines = max((caption.count("\n") + 1 for caption in captions), default=0)
    height = (1.4 + 0.15 * lines) * rows + (0.5 if title else 0.2)
    with style.drawing("plot_gallery", path, 1.4 * columns, height) as figure:
        if title:
            figure.suptitle(title, size=10, parse_math=False)
        cells = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in cells:
            axes.set_axis_off()
        for axes, picture, caption in zip(cells, x, captions, strict=False):
            axes.imshow(style.picture(picture), cmap="gray", vmin=0, vmax=1)
            axes.set_title(caption, size=8, pad=4, parse_math=False)


def plot_mistakes(
    images: Operand,
    targets: Operand,
    predictions: Operand,
    probabilities: Operand,
    classes: Sequence[str],
    path: FilePath,
    count: int = 36,
) -> None:
    """The mistakes that the model was surest of: true : predicted class, and its probability.

    images as above, or the data set   targets, predictions (N,)   probabilities (N, K)
    """
    x = images if hasattr(images, "batch") else _pictures("plot_mistakes", images)
    t, y, p = (style.cpu_array(a) for a in (targets, predictions, probabilities))
    N, K = len(x), len(classes)
    if t.shape != (N,) or y.shape != (N,) or p.shape != (N, K):
        raise ShapeError(
            "plot_mistakes",
            f"{N} images, targets {t.shape}, predictions {y.shape} and probabilities {p.shape} do not "
            f"fit together; for {K} classes they must be (N, C, H, W), (N,), (N,) and (N, {K}).",
        )
    style.check("plot_mistakes", path)
    wrong = np.flatnonzero(t != y)
    surest = wrong[np.argsort(-p[wrong, y[wrong]], kind="stable")][:count]
    names = [[style.short(classes[k], WIDTH) for k in (t[i], y[i])] for i in surest]
    line_break = "\n" if max((len(a + b) for a, b in names), default=0) > WIDTH - 2 else " "
    captions = [f"{a} :{line_break}{b}\n{p[i, y[i]]:.1%}" for i, (a, b) in zip(surest, names, strict=True)]
    which = f", the {len(surest)} that the model was surest of" if len(surest) < len(wrong) else ""
    title = f"{len(wrong):,} mistake{'' if len(wrong) == 1 else 's'} in {N:,} pictures{which}"
    shown = x.batch(surest) if hasattr(x, "batch") else [x[i] for i in surest]
    plot_gallery(shown, captions, path, f"{title}\ntrue : predicted, and its probability")


def _pictures(operation: str, images: Operand) -> style.Arrays:
    """The pictures one by one: a list of arrays (C, H, W), or (N, C, H, W)."""
    x = images if isinstance(images, (list, tuple)) else style.cpu_array(images)
    shapes = {np.ndim(picture) for picture in x} if isinstance(x, (list, tuple)) else {x.ndim - 1}
    if shapes - {3}:
        shape = np.shape(x[0]) if isinstance(x, (list, tuple)) else x.shape
        raise ShapeError(operation, f"images have shape {shape}; they must be (N, C, H, W), or a list of (C, H, W).")
    return x
