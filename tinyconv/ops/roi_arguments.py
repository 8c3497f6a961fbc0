"""What pooling of regions of interest does with its arguments before anything else: boxes."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from tinyconv.backend import Array, move
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.geometry import Pair, is_whole, pair
from tinyconv.tensor import Operand, Tensor, as_tensor

FARTHEST = 2**24
Boxes = Any  # one table, or a list with one for each picture


def checked_roi(name: str, output_size: int | Pair, spatial_scale: float, sampling_ratio: int = -1) -> Pair:
    """(OH, OW), if these arguments make sense."""
    if not (isinstance(spatial_scale, Real) and 0 < spatial_scale < np.inf):
        raise ArgumentError(name, f"spatial_scale is {spatial_scale!r}; it must be a number above 0.")
    if not (is_whole(sampling_ratio) and (sampling_ratio >= 1 or sampling_ratio == -1)):
        raise ArgumentError(name, f"sampling_ratio is {sampling_ratio!r}; it must be a whole number above 0, or -1.")
    return pair(name, "output_size", output_size, least=1)


def boxes_of(name: str, x: Tensor, boxes: Boxes, spatial_scale: float) -> tuple[Array, Array]:
    """Each box's picture, (R,), and its corners x1, y1, x2, y2 in pixels of x, (4, R)."""
    N = len(x)
    if isinstance(boxes, (tuple, list)):
        each = [_numbers(b, 4, name) for b in boxes]
        if len(each) != N:
            raise ShapeError(name, f"boxes are for {len(each)} pictures, input has {N}; give one array for each.")
        picture = np.repeat(np.arange(N), [len(b) for b in each])
        corners = np.concatenate(each) if each else np.empty((0, 4))
    else:
        table = _numbers(boxes, 5, name)
        corners, picture = table[:, 1:], table[:, 0]
    if not (np.abs(corners) < FARTHEST).all():  # which is also False of NaN
        raise ArgumentError(name, f"boxes contain NaN, or a coordinate of {FARTHEST} or more.")
    exchanged = np.flatnonzero((corners[:, 2:] < corners[:, :2]).any(1))
    if len(exchanged):
        box = ", ".join(f"{c:g}" for c in corners[exchanged[0]])
        raise ArgumentError(name, f"box {exchanged[0]} is ({box}); (x1, y1, x2, y2) needs x1 <= x2 and y1 <= y2.")
    wrong = picture[~np.isin(picture, np.arange(N))]
    if len(wrong):
        raise ArgumentError(
            name, f"boxes name picture {wrong[0]:g}; a batch of {N} has whole numbers from 0 to {N - 1}."
        )
    return picture.astype(np.int64), (corners.T * float(spatial_scale)).astype(np.float64)


def _numbers(boxes: Operand, columns: int, name: str) -> Array:
    """A table of boxes, in the precision that it came in: in that one, corners are scaled and rounded."""
    table = move(as_tensor(boxes).data, "cpu")
    if table.ndim != 2 or table.shape[1] != columns:
        meaning = "(n, x1, y1, x2, y2)" if columns == 5 else "(x1, y1, x2, y2), for each picture"
        raise ShapeError(name, f"boxes have shape {table.shape}; they must be (R, {columns}): {meaning}.")
    return table if table.dtype.kind == "f" else table.astype(np.float64)
