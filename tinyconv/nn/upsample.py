"""Layers that make pictures larger, or their pixels out of channels."""

from __future__ import annotations

from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.geometry import Pair, whole
from tinyconv.ops.interpolate import MODES, Scale, interpolate
from tinyconv.ops.shuffle import channel_shuffle, pixel_shuffle
from tinyconv.tensor import Tensor

from .module import Module


class Upsample(Module):
    """y[n,c] = R_y x[n,c] R_x^T: to a size, or by a factor; also smaller    (see functional.interpolate)

    x (N, C, H, W)  ->  y (N, C, *size) or (N, C, floor(H scale_factor), floor(W scale_factor))
    mode: "nearest" or "bilinear"; align_corners: for "bilinear", the outermost pixels' centres stay where they are.
    Gonzalez and Woods 2018, "Digital Image Processing", section 2.4
    """

    def __init__(
        self,
        size: int | Pair | None = None,
        scale_factor: Scale | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
    ):
        if (size is None) == (scale_factor is None):
            raise ArgumentError("Upsample", f"size is {size} and scale_factor is {scale_factor}; give one of them.")
        if mode not in MODES:
            raise UnknownNameError("Upsample", "mode", mode, MODES)
        self.size, self.scale_factor, self.mode, self.align_corners = size, scale_factor, mode, align_corners

    def forward(self, x: Tensor) -> Tensor:
        return interpolate(x, self.size, self.scale_factor, self.mode, self.align_corners)

    def extra_repr(self) -> str:
        text = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor}"
        text += f", mode={self.mode!r}"
        return text if self.align_corners is None else f"{text}, align_corners={self.align_corners}"


class ChannelShuffle(Module):
    """y[n, j*G + g] = x[n, g*(C/G) + j]: the groups' channels dealt out in turn    (N, C, ...) -> (N, C, ...)

    Zhang et al. 2018, "ShuffleNet", arXiv:1707.01083, section 3.1
    """

    def __init__(self, groups: int):
        self.groups = whole("ChannelShuffle", "groups", groups, least=1)

    def forward(self, x: Tensor) -> Tensor:
        return channel_shuffle(x, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"


class PixelShuffle(Module):
    """y[n, c, h*r + i, w*r + j] = x[n, c*r^2 + i*r + j, h, w]    (N, C r^2, H, W) -> (N, C, H r, W r)

    Shi et al. 2016, arXiv:1609.05158, section 2.2
    """

    def __init__(self, upscale_factor: int):
        self.upscale_factor = whole("PixelShuffle", "upscale_factor", upscale_factor, least=1)

    def forward(self, x: Tensor) -> Tensor:
        return pixel_shuffle(x, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"
