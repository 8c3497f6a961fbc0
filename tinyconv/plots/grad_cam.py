"""Where in a picture a class's score comes from.

Selvaraju, Cogswell, Das, Vedantam, Parikh and Batra 2017, "Grad-CAM: Visual Explanations from Deep Networks via
Gradient-based Localization", arXiv:1610.02391, section 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.nn import Module
from tinyconv.nn.modes import modes_kept
from tinyconv.ops.interpolate import interpolate
from tinyconv.tape import enable_grad
from tinyconv.tensor import Operand, Tensor, as_tensor, grad
from tinyconv.train.files import FilePath

from . import style
from .layers import convolutions, layer_at, watching

NAME = "grad_cam"


def grad_cam(model: Module, images: Operand, targets: Operand | None = None, layer: str | None = None) -> np.ndarray:
    """L[n,y,x] = max(0, sum_k a[n,k] A[n,k,y,x]),   a[n,k] = mean over y, x of d score[n,c] / d A[n,k,y,x]

    A (N, K, h, w) are a layer's maps, c is a class, score its logit (before softmax): equations 1 and 2.

    images   (N, C, H, W) as the model takes them, normalised
    targets  (N,) the classes c; the predicted ones if None
    layer    its path; the last convolution, with the batch norm and ReLU behind it, if None
    ->       (N, H, W): resized to the pictures' size, bilinearly; not scaled
    Raises ShapeError, ArgumentError, UnknownNameError.
    """
    x = as_tensor(images)
    if x.ndim != 4 or not len(x):
        raise ShapeError(NAME, f"images have shape {x.shape}; they must be (N, C, H, W), and at least one.")
    x = x.to(next((p.device for p in model.parameters()), "cpu"))
    path = convolutions(NAME, model, x)[-1] if layer is None else layer
    maps: list[Tensor] = []

    def see(path: str, output: Any) -> Tensor:
        if getattr(output, "ndim", 0) != 4:
            what = f"shape {output.shape}" if hasattr(output, "shape") else f"a {type(output).__name__}"
            raise ShapeError(NAME, f"layer {path!r} gives {what}; maps are (N, K, h, w).")
        maps.append(output.detach().requires_grad_())  # the way back ends here
        return maps[-1]

    with modes_kept(model), enable_grad(), watching({path: layer_at(NAME, model, path)}, see):
        model.eval()
        scores = model(x)
        classes = _classes(scores, targets)
        if not maps:
            raise ArgumentError(NAME, f"layer {path!r} does not run in evaluation; name another.")
        if scores.requires_grad:
            (slope,) = grad(scores[np.arange(len(x)), classes].sum(), maps[-1], allow_unused=True)
        else:
            slope = None
    if slope is None:
        raise ArgumentError(NAME, f"the scores do not depend on what layer {path!r} gives; name another.")
    weights = slope.data.mean((2, 3), keepdims=True)  # (N, K, 1, 1)
    cam = (weights * maps[-1].data).sum(1, keepdims=True)  # (N, K, h, w) -> (N, 1, h, w)
    N, C, H, W = x.shape
    return style.cpu_array(interpolate(Tensor(cam.clip(0)), size=(H, W), mode="bilinear"))[:, 0]


def _classes(scores: Any, targets: Operand | None) -> np.ndarray:
    """(N,): the class whose score is followed back, for each picture."""
    if not isinstance(scores, Tensor) or scores.ndim != 2:
        what = f"shape {scores.shape}" if isinstance(scores, Tensor) else f"a {type(scores).__name__}"
        raise ShapeError(NAME, f"the model gives {what}; it must give logits (N, K).")
    N, K = scores.shape
    if targets is None:
        return style.cpu_array(scores).argmax(1)
    c = style.cpu_array(targets)
    if c.shape != (N,) or c.dtype.kind not in "iu" or (c.size and not 0 <= c.min() <= c.max() < K):
        raise ArgumentError(NAME, f"targets are {c.tolist()}; they must be {N} whole numbers from 0 to {K - 1}.")
    return c


def plot_grad_cam(
    images: style.Arrays, maps: style.Arrays, captions: Sequence[str], path: FilePath, title: str = ""
) -> None:
    """Pictures, and each again with its map laid over it; every map is scaled to its own largest value.

    images  (C, H, W) each, uint8 0..255 or floating point 0..1   maps (H, W) each, as `grad_cam` gives them
    """
    if not len(images) == len(maps) == len(captions) or not len(images):
        raise ShapeError(
            "plot_grad_cam",
            f"there are {len(images)} images, {len(maps)} maps and {len(captions)} captions; give as many of each.",
        )
    N = len(images)
    pairs = min(N, 4)
    rows = math.ceil(N / pairs)
    lines = max(caption.count("\n") + 1 for caption in captions)
    with style.drawing(
        "plot_grad_cam", path, max(2.5 * pairs, 4.5), (1.25 + 0.16 * lines) * rows + 0.4, pad=0.05
    ) as figure:
        if title:
            figure.suptitle(title, size=10, parse_math=False)
        cells = figure.subplots(rows, 2 * pairs, squeeze=False).reshape(-1, 2)
        for axes in cells.ravel():
            axes.set_axis_off()
        for (left, right), image, cam, caption in zip(cells, images, maps, captions, strict=False):
            shown = style.picture(np.asarray(image))
            left.imshow(shown, cmap="gray", vmin=0, vmax=1)
            left.set_title(caption, size=8, loc="left", parse_math=False)
            # Black would swallow the map's colours: it is drawn in grey.
            right.imshow(shown if shown.ndim == 2 else shown.mean(2), cmap="gray", vmin=-0.6, vmax=1)
            right.imshow(cam / (cam.max() or 1), cmap="inferno", vmin=0, vmax=1, alpha=0.6)
