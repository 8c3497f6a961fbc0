"""Adaptive pooling: the size of the result is given, and the bins follow from it; spatial pyramids made of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tinyconv.kernels as kernels
from tinyconv.geometry import Pair
from tinyconv.tensor import Operand, Tensor, record

from .arguments import floating, real
from .join import cat
from .places import in_batch, to_places
from .pool import Shape, avg_pool2d, max_pool2d
from .pool_arguments import OutputSize, bins_of, pictures, pyramid
from .shape import flatten


def adaptive_max_pool2d(input: Operand, output_size: OutputSize, return_indices: bool = False) -> Any:
    """y[n,c,oy,ox] = max of x[n,c,iy,ix] over the bin (oy, ox),   dy goes to the winner

    input x (N, C, H, W)  ->  y (N, C, OH, OW), (OH, OW) = output_size: a number, a pair; None keeps H or W
    Bin oy has the rows from floor(oy*H/OH) to before ceil((oy + 1)*H/OH); columns likewise (as in PyTorch).

    return_indices  give the pair (y, indices), indices[n,c,oy,ox] = iy*W + ix, where the winner is
    Of equal pixels the first one, in row-major order, wins; NaN wins over every number.
    Raises ShapeError, ArgumentError, DTypeError.   He et al. 2014, "Spatial Pyramid Pooling ...", appendix A
    """
    x = pictures("adaptive_max_pool2d", real("adaptive_max_pool2d", input))
    X, size = x.shape, bins_of("adaptive_max_pool2d", x, output_size)
    if _all_alike(X, size):
        return max_pool2d(x, _bin(X, size), return_indices=return_indices)
    y, winner = kernels.adaptive_max_pool2d(x.data, size)
    rule = (x, lambda dy: to_places(dy, in_batch(winner, X), X))
    out = record("adaptive_max_pool2d", y, rule, size=size)
    return (out, Tensor(winner)) if return_indices else out


def adaptive_avg_pool2d(input: Operand, output_size: OutputSize) -> Tensor:
    """y[n,c,oy,ox] = mean of x[n,c,iy,ix] over the bin (oy, ox),   dy is shared equally

    input x (N, C, H, W)  ->  y (N, C, OH, OW), (OH, OW) = output_size: a number, a pair; None keeps H or W
    Bin oy has the rows from floor(oy*H/OH) to before ceil((oy + 1)*H/OH); columns likewise (as in PyTorch).
    output_size=1 is global average pooling.
    Raises ShapeError, ArgumentError.   He et al. 2014, "Spatial Pyramid Pooling ...", appendix A
    """
    x = pictures("adaptive_avg_pool2d", floating(input))
    size = bins_of("adaptive_avg_pool2d", x, output_size)
    return avg_pool2d(x, _bin(x.shape, size)) if _all_alike(x.shape, size) else _average(x, size)


def _average(x: Tensor, size: Pair) -> Tensor:
    X = x.shape
    y = kernels.adaptive_avg_pool2d(x.data, size)
    return record("adaptive_avg_pool2d", y, (x, lambda dy: _average_input(dy, X)), size=size)


def _average_input(dy: Tensor, shape: Shape) -> Tensor:
    """dx of the average, its adjoint: every pixel of a bin gets the same share of dy."""
    OH, OW = dy.shape[2:]
    dx = kernels.adaptive_avg_pool2d_input(dy.data, shape)
    return record("adaptive_avg_pool2d_input", dx, (dy, lambda ddx: _average(ddx, (OH, OW))), size=(OH, OW))


def spatial_pyramid_pool2d(input: Operand, levels: Sequence[int], mode: str = "max") -> Tensor:
    """y[n] = for each level k the k x k adaptive pooling of x[n], flattened; all of them one after the other

    input x (N, C, H, W), of any H and W  ->  y (N, C * sum of k^2)
    levels  how many bins along each side, such as (4, 2, 1);   mode  "max" or "avg"
    Raises ShapeError, ArgumentError, UnknownNameError.
    He, Zhang, Ren and Sun 2014, "Spatial Pyramid Pooling in Deep Convolutional Networks", section 2.2
    """
    name = "spatial_pyramid_pool2d"
    x = pictures(name, floating(input))
    levels = pyramid(name, levels, mode)
    pool = adaptive_avg_pool2d
    if mode == "max":
        x, pool = real(name, x), adaptive_max_pool2d
    return cat([flatten(pool(x, bins_of(name, x, k)), 1) for k in levels], 1)


def _all_alike(shape: Shape, size: Pair) -> bool:
    """Are all bins of one size, and apart? Then ordinary pooling does the same, and faster."""
    return shape[2] % size[0] == 0 and shape[3] % size[1] == 0


def _bin(shape: Shape, size: Pair) -> Pair:
    """The size of such a bin."""
    return shape[2] // size[0], shape[3] // size[1]
