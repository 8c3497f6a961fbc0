"""Pieces of pictures, each picture's at a place of its own; of arrays and of lists of pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinyconv import kernels
from tinyconv.backend import is_array
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.geometry import Pair, pair

INTERPOLATIONS = ("bilinear", "nearest")
PADDING_MODES = ("constant", "edge", "reflect", "symmetric")


def sizes_of(images: Any) -> np.ndarray:
    """Height and width of every picture, (N, 2)"""
    if is_array(images):
        return np.tile(images.shape[2:], (len(images), 1))
    return np.array([x.shape[1:] for x in images], int).reshape(-1, 2)


def each(function: Callable[..., np.ndarray], images: Any, *arrays: np.ndarray) -> Any:
    """function(images, *arrays), where each array has a row for each picture; of a list, picture by picture."""
    if is_array(images):
        return function(images, *arrays)
    return together([function(x[None], *(a[n : n + 1] for a in arrays))[0] for n, x in enumerate(images)])


def together(pictures: list[np.ndarray]) -> Any:
    """One array, if all have the same shape; else the list."""
    return np.stack(pictures) if len({x.shape for x in pictures}) == 1 else pictures


def check_fits(name: str, sizes: np.ndarray, size: Pair, cure: str) -> None:
    """Refuse pictures that are smaller than what is to be cut out of them."""
    small = np.flatnonzero((sizes < size).any(1))
    if len(small):
        (H, W), (h, w) = sizes[small[0]], size
        raise ShapeError(name, f"picture {small[0]} is {H}x{W}; {h}x{w} cannot be cut out of it. {cure}")


def check_pixels(name: str, images: Any) -> None:
    """Refuse pictures of no height or no width."""
    for H, W in sizes_of(images):
        if 0 in (H, W):
            raise ShapeError(name, f"a picture is {H}x{W}: it has no pixels to make others of.")


def cut(images: Any, corners: np.ndarray, size: Pair, padding_mode: str = "constant", fill: float = 0) -> Any:
    """size = (h, w) pixels of every picture, from its row corners[n, 0] and column corners[n, 1] on.

    Beyond the border: `fill`, the border pixel ("edge"), or the mirror image without ("reflect") or with
    ("symmetric") the border pixel.
    """
    if is_array(images) and len(images) and (corners == corners[0]).all():
        (top, left), (h, w) = corners[0], size
        if 0 <= top <= images.shape[2] - h and 0 <= left <= images.shape[3] - w:
            return images[:, :, top : top + h, left : left + w].copy()
    rows, columns = (
        continued(
            corners[:, axis : axis + 1] + np.arange(size[axis]), sizes_of(images)[:, axis : axis + 1], padding_mode
        )
        for axis in (0, 1)
    )
    return each(lambda x, rows, columns: kernels.pick_pixels(x, rows, columns, fill), images, rows, columns)


def continued(places: np.ndarray, length: np.ndarray, padding_mode: str) -> np.ndarray:
    """Which of `length` pixels in a row stands at a place that may lie beyond both ends; -1 for none."""
    if padding_mode == "constant":
        return np.where((places >= 0) & (places < length), places, -1)
    if padding_mode == "edge":
        return np.clip(places, 0, length - 1)
    period = 2 * length - (2 if padding_mode == "reflect" else 0)
    places = places % np.maximum(period, 1)
    return np.minimum(places, period - 1 + (padding_mode == "reflect") - places)


def resized(images: Any, boxes: np.ndarray, size: Pair, interpolation: str, antialias: bool) -> Any:
    """The piece boxes[n] = (top, left, height, width) of every picture, made larger or smaller: (N, C, *size)"""
    return each(lambda x, boxes: _resized(x, boxes, size, interpolation, antialias), images, boxes)


def _resized(x: np.ndarray, boxes: np.ndarray, size: Pair, interpolation: str, antialias: bool) -> np.ndarray:
    (H, W), (OH, OW) = x.shape[2:], size
    different = boxes if (boxes != boxes[:1]).any() else boxes[:1]
    top, left, h, w = different.T[:, :, None]
    if interpolation == "nearest":
        lines = [top + _nearest(h, OH), left + _nearest(w, OW)]
    else:
        lines = [*weights(left, w, W, OW, antialias), *weights(top, h, H, OH, antialias)]
    lines = [np.broadcast_to(a, (len(x), *a.shape[1:])) for a in lines]
    return kernels.pick_pixels(x, *lines, 0) if interpolation == "nearest" else kernels.resize(x, *lines)


def _nearest(length: np.ndarray, out: int) -> np.ndarray:
    """The pixel under the centre of each of `out` new ones, (N, out)"""
    return (2 * np.arange(out) + 1) * length // (2 * out)


def weights(
    start: np.ndarray, length: np.ndarray, size: int, out: int, antialias: bool
) -> tuple[np.ndarray, np.ndarray]:
    """For each of `out` new pixels the first old one that it is made of, (N, out), and the weights, (N, out, K)

        weight of pixel p  ~  max(0, 1 - |p + 1/2 - centre| / reach),   centre = (o + 1/2) length/out

    reach is 1, or length/out if that is more: so each old pixel counts (antialiasing). Only pixels
    of the piece (from `start`, `length` of them, in a line of `size`) count. start, length (N, 1)
    """
    scale = length / out
    reach = np.maximum(scale, 1)[:, :, None] if antialias else 1.0
    centre = ((np.arange(out) + 0.5) * scale)[:, :, None]  # (N, out, 1), within the piece
    K = min(2 * int(np.ceil(np.max(reach, initial=1))) + 1, size)
    first = np.clip(np.floor(centre - reach + 0.5).astype(int) + start[:, :, None], 0, size - K)
    p = first + np.arange(K) - start[:, :, None]  # (N, out, K)
    weight = np.maximum(0, 1 - np.abs(p + 0.5 - centre) / reach) * ((p >= 0) & (p < length[:, :, None]))
    return first[:, :, 0], weight / weight.sum(-1, keepdims=True)


def size_of(name: str, size: Any) -> Pair:
    """The size of a piece: (h, w), or one number for both."""
    return pair(name, "size", size, least=1)


def four_sides(name: str, padding: Any) -> tuple[int, int, int, int]:
    """(left, top, right, bottom), as torchvision orders them: of one number, of (left and right, top and bottom)."""
    if isinstance(padding, (tuple, list)) and len(padding) == 4:
        left, top = pair(name, "padding", padding[:2], least=0)
        return left, top, *pair(name, "padding", padding[2:], least=0)
    try:
        left, top = pair(name, "padding", padding, least=0)
    except ArgumentError:
        problem = f"padding is {padding!r}; it must be a whole number of at least 0, or 2 or 4 of them."
        raise ArgumentError(name, problem) from None
    return left, top, left, top
