"""Regions of interest: boxes of any size in a picture, each brought to a map of a given size.

The signatures are those of torchvision.ops. Boxes get no gradient.
"""

from __future__ import annotations

import numpy as np

import tinyconv.kernels as kernels
from tinyconv.backend import Array
from tinyconv.geometry import Pair
from tinyconv.tensor import Operand, Tensor, record

from .arguments import floating, real
from .places import to_places
from .pool_arguments import Shape, pictures
from .roi_arguments import Boxes, boxes_of, checked_roi


def roi_pool(input: Operand, boxes: Boxes, output_size: int | Pair, spatial_scale: float = 1.0) -> Tensor:
    """y[r,c,oy,ox] = the largest pixel of bin (oy, ox) of box r, or 0 of an empty bin,   dy goes to the winner

    input x (N, C, H, W)   boxes (R, 5) of (n, x1, y1, x2, y2), or a list with (R_n, 4) for each picture
    ->  y (R, C, OH, OW)

    spatial_scale  from the boxes' coordinates to pixels of the input: 1/16 after four halvings
    Corners are rounded to whole pixels (halves away from 0) and both belong to the box, which has h = y2 - y1 + 1
    rows, at least 1. Bin oy has those from floor(oy*h/OH) to before ceil((oy + 1)*h/OH), less what is outside.
    Raises ShapeError, ArgumentError, DTypeError.   Girshick 2015, "Fast R-CNN", section 2.1
    """
    x = pictures("roi_pool", real("roi_pool", input))
    OH, OW = checked_roi("roi_pool", output_size, spatial_scale)
    picture, corners = boxes_of("roi_pool", x, boxes, spatial_scale)
    x1, y1, x2, y2 = (np.sign(corners) * np.floor(np.abs(corners) + 0.5)).astype(np.int64)
    X = x.shape
    rows, columns = _whole_bins(y1, y2, OH, X[2]), _whole_bins(x1, x2, OW, X[3])
    y, winner = kernels.roi_pool(x.data, picture, rows, columns)
    bins = {"picture": picture, "rows": rows, "columns": columns}
    return record("roi_pool", y, (x, lambda dy: to_places(dy, winner, X)), output_size=(OH, OW), **bins)


def roi_align(
    input: Operand,
    boxes: Boxes,
    output_size: int | Pair,
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    aligned: bool = False,
) -> Tensor:
    """y[r,c,oy,ox] = mean of x, interpolated bilinearly, over a grid of points in bin (oy, ox) of box r

    input x (N, C, H, W)   boxes (R, 5) of (n, x1, y1, x2, y2), or a list with (R_n, 4) for each picture
    ->  y (R, C, OH, OW);   y[r,c] = A[r] x[n,c] B[r]^T, A the points' weights on the rows, B on the columns

    spatial_scale   from the boxes' coordinates to pixels of the input: 1/16 after four halvings
    sampling_ratio  points along each side of a bin; -1: as many as it is pixels wide, rounded up
    aligned         a pixel's centre is at +1/2, as it should be; otherwise at its corner, and a box is at least 1 wide
    Points more than one pixel outside the picture count as 0.
    Raises ShapeError, ArgumentError.   He et al. 2017, "Mask R-CNN", section 3
    """
    x = pictures("roi_align", floating(input))
    OH, OW = checked_roi("roi_align", output_size, spatial_scale, sampling_ratio)
    picture, corners = boxes_of("roi_align", x, boxes, spatial_scale)
    x1, y1, x2, y2 = corners - (0.5 if aligned else 0)
    least = 0 if aligned else 1
    rows = _weights(y1, np.maximum(y2 - y1, least), OH, x.shape[2], sampling_ratio)
    columns = _weights(x1, np.maximum(x2 - x1, least), OW, x.shape[3], sampling_ratio)
    dtype = x.data.real.dtype
    return _align(x, picture, rows.astype(dtype), columns.astype(dtype))


def _align(x: Tensor, picture: Array, rows: Array, columns: Array) -> Tensor:
    X = x.shape
    y = kernels.roi_align(x.data, picture, rows, columns)
    rule = (x, lambda dy: _align_input(dy, picture, rows, columns, X))
    return record("roi_align", y, rule, picture=picture, rows=rows, columns=columns)


def _align_input(dy: Tensor, picture: Array, rows: Array, columns: Array, shape: Shape) -> Tensor:
    """dx of roi_align, its adjoint: every dy goes to the pixels it was interpolated from."""
    dx = kernels.roi_align_input(dy.data, picture, rows, columns, shape)
    rule = (dy, lambda ddx: _align(ddx, picture, rows, columns))
    return record("roi_align_input", dx, rule, picture=picture, rows=rows, columns=columns)


def _whole_bins(first: Array, last: Array, bins: int, size: int) -> Array:
    """(R, bins, 2): from which pixel to before which one the bins of each box reach, inside the picture."""
    o, length = np.arange(bins), np.maximum(last - first + 1, 1)[:, None]
    ends = np.stack([o * length // bins, -(-(o + 1) * length // bins)], 2)
    return np.clip(first[:, None, None] + ends, 0, size)


def _weights(start: Array, length: Array, bins: int, size: int, ratio: int) -> Array:
    """(R, bins, size): how much each pixel along one side goes into each bin, the mean over the bin's points.

    A point between two pixels takes from each by its nearness; up to one pixel outside, the outermost pixel itself.
    """
    weights = np.zeros((len(start), bins, size))
    for r in range(len(start)):
        points = ratio if ratio > 0 else int(np.ceil(length[r] / bins))
        if points:
            at = start[r] + (np.arange(bins * points) + 0.5) * length[r] / (bins * points)
            distance = np.abs(np.clip(at, 0, size - 1)[:, None] - np.arange(size))
            nearness = np.maximum(1 - distance, 0) * ((at >= -1) & (at <= size))[:, None]
            weights[r] = nearness.reshape(bins, points, size).mean(1)
    return weights
