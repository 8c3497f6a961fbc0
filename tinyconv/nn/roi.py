"""Layers that bring boxes of any size in pictures to maps of one size; signatures as in torchvision.ops."""

from __future__ import annotations

from tinyconv.geometry import Pair
from tinyconv.ops.roi import roi_align, roi_pool
from tinyconv.ops.roi_arguments import Boxes, checked_roi
from tinyconv.tensor import Tensor

from .module import Module


class RoIPool(Module):
    """y[r,c,oy,ox] = the largest pixel of bin (oy, ox) of box r     (see functional.roi_pool)

    x (N, C, H, W), boxes (R, 5) of (n, x1, y1, x2, y2), or a list with (R_n, 4) for each picture
    ->  y (R, C, OH, OW), (OH, OW) = output_size
    spatial_scale: from the boxes' coordinates to pixels of x.   Girshick 2015, "Fast R-CNN", section 2.1
    """

    def __init__(self, output_size: int | Pair, spatial_scale: float):
        checked_roi("RoIPool", output_size, spatial_scale)
        self.output_size, self.spatial_scale = output_size, spatial_scale

    def forward(self, x: Tensor, boxes: Boxes) -> Tensor:
        return roi_pool(x, boxes, self.output_size, self.spatial_scale)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}, spatial_scale={self.spatial_scale}"


class RoIAlign(Module):
    """y[r,c,oy,ox] = mean of x, interpolated, over points in bin (oy, ox) of box r     (see functional.roi_align)

    x (N, C, H, W), boxes (R, 5) of (n, x1, y1, x2, y2), or a list with (R_n, 4) for each picture
    ->  y (R, C, OH, OW), (OH, OW) = output_size
    spatial_scale: from the boxes' coordinates to pixels of x; sampling_ratio: points along each side of a bin, or -1;
    aligned: a pixel's centre is at +1/2.   He et al. 2017, "Mask R-CNN", section 3
    """

    def __init__(self, output_size: int | Pair, spatial_scale: float, sampling_ratio: int, aligned: bool = False):
        checked_roi("RoIAlign", output_size, spatial_scale, sampling_ratio)
        self.output_size, self.spatial_scale = output_size, spatial_scale
        self.sampling_ratio, self.aligned = sampling_ratio, aligned

    def forward(self, x: Tensor, boxes: Boxes) -> Tensor:
        return roi_align(x, boxes, self.output_size, self.spatial_scale, self.sampling_ratio, self.aligned)

    def extra_repr(self) -> str:
        text = f"output_size={self.output_size}, spatial_scale={self.spatial_scale}"
        return text + f", sampling_ratio={self.sampling_ratio}, aligned={self.aligned}"
