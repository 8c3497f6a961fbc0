"""Channels in another order, and channels as pixels."""

from __future__ import annotations

from tinyconv.errors import ShapeError
from tinyconv.geometry import whole
from tinyconv.tensor import Operand, Tensor, as_tensor

from .shape import permute, reshape, transpose


def channel_shuffle(input: Operand, groups: int) -> Tensor:
    """y[n, j*G + g] = x[n, g*(C/G) + j]: the first channel of each group, then the second of each, ...

    input x (N, C, ...)  ->  y (N, C, ...).   Between two grouped convolutions, so that every group of the second one
    sees all groups of the first.
    Raises ShapeError, ArgumentError.   Zhang et al. 2018, "ShuffleNet", arXiv:1707.01083, section 3.1
    """
    x = as_tensor(input)
    G = whole("channel_shuffle", "groups", groups, least=1)
    if x.ndim < 3:
        raise ShapeError("channel_shuffle", f"input has shape {x.shape}; it must be (N, C, ...).")
    N, C, *sizes = x.shape
    if C % G:
        raise ShapeError("channel_shuffle", f"{C} channels do not divide into {G} groups.")
    x = permute(x, 0, *range(2, x.ndim), 1)  # (N, ..., C), the order in memory: the result will lie in it too
    x = transpose(reshape(x, N, *sizes, G, C // G))
    return permute(reshape(x, N, *sizes, C), 0, -1, *range(1, len(sizes) + 1))


def pixel_shuffle(input: Operand, upscale_factor: int) -> Tensor:
    """y[n, c, h*r + i, w*r + j] = x[n, c*r^2 + i*r + j, h, w]: r^2 channels become the r x r pixels of a finer picture

    input x (N, C r^2, H, W)  ->  y (N, C, H r, W r)
    Raises ShapeError, ArgumentError.   Shi et al. 2016, "Real-Time Single Image ... Super-Resolution", arXiv:1609.05158
    """
    x = as_tensor(input)
    r = whole("pixel_shuffle", "upscale_factor", upscale_factor, least=1)
    if x.ndim != 4:
        raise ShapeError("pixel_shuffle", f"input has shape {x.shape}; it must be (N, C, H, W). One picture: x[None].")
    N, C, H, W = x.shape
    if C % r**2:
        raise ShapeError("pixel_shuffle", f"{C} channels do not divide by {r**2}, upscale_factor squared.")
    x = reshape(permute(x, 0, 2, 3, 1), N, H, W, C // r**2, r, r)
    x = reshape(permute(x, 0, 1, 4, 2, 5, 3), N, H * r, W * r, C // r**2)  # n, h i, w j, c
    return permute(x, 0, 3, 1, 2)
