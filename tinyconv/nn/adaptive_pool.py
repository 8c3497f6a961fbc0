"""Pooling layers for pictures of any size: adaptive and global pooling, spatial pyramids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinyconv.ops.adaptive_pool import (
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    spatial_pyramid_pool2d,
)
from tinyconv.ops.pool_arguments import OutputSize, output_sizes, pyramid
from tinyconv.ops.shape import flatten
from tinyconv.tensor import Tensor

from .module import Module


class AdaptiveMaxPool2d(Module):
    """y[n,c,oy,ox] = max of x[n,c] over the bin (oy, ox);   x (N, C, H, W)  ->  y (N, C, OH, OW), for any H and W

    output_size: OH and OW, a number for both, None for that of the input.
    Bin oy has the rows from floor(oy*H/OH) to before ceil((oy + 1)*H/OH).   return_indices: give (y, indices).
    He et al. 2014, arXiv:1406.4729, section 2.3
    """

    def __init__(self, output_size: OutputSize, return_indices: bool = False):
        output_sizes("AdaptiveMaxPool2d", output_size)  # refuses what makes no sense
        self.output_size, self.return_indices = output_size, return_indices

    def forward(self, x: Tensor) -> Any:
        return adaptive_max_pool2d(x, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}" + (", return_indices=True" if self.return_indices else "")


class AdaptiveAvgPool2d(Module):
    """y[n,c,oy,ox] = mean of x[n,c] over the bin (oy, ox);   x (N, C, H, W)  ->  y (N, C, OH, OW), for any H and W

    output_size: OH and OW, a number for both, None for that of the input.
    Bin oy has the rows from floor(oy*H/OH) to before ceil((oy + 1)*H/OH).
    He et al. 2014, arXiv:1406.4729, section 2.3
    """

    def __init__(self, output_size: OutputSize):
        output_sizes("AdaptiveAvgPool2d", output_size)  # refuses what makes no sense
        self.output_size = output_size

    def forward(self, x: Tensor) -> Tensor:
        return adaptive_avg_pool2d(x, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class GlobalMaxPool2d(Module):
    """y[n,c] = max of x[n,c];   x (N, C, H, W)  ->  y (N, C), for any H and W   Oquab et al. 2015"""

    def forward(self, x: Tensor) -> Tensor:
        return flatten(adaptive_max_pool2d(x, 1), 1)


class GlobalAvgPool2d(Module):
    """y[n,c] = mean of x[n,c];   x (N, C, H, W)  ->  y (N, C), for any H and W

    Lin, Chen and Yan 2014, "Network in Network", section 3.2
    """

    def forward(self, x: Tensor) -> Tensor:
        return flatten(adaptive_avg_pool2d(x, 1), 1)


class SpatialPyramidPool2d(Module):
    """y[n] = for each level k the k x k adaptive pooling of x[n], flattened; all of them one after the other

    x (N, C, H, W)  ->  y (N, C * sum of k^2), for any H and W: a dense layer may follow.
    levels: how many bins along each side, such as (4, 2, 1); mode: "max" or "avg".
    He, Zhang, Ren and Sun 2014, "Spatial Pyramid Pooling in Deep Convolutional Networks", section 2.2
    """

    def __init__(self, levels: Sequence[int], mode: str = "max"):
        self.levels, self.mode = pyramid("SpatialPyramidPool2d", levels, mode), mode

    def forward(self, x: Tensor) -> Tensor:
        return spatial_pyramid_pool2d(x, self.levels, self.mode)

    def extra_repr(self) -> str:
        return f"levels={self.levels}, mode={self.mode!r}"
