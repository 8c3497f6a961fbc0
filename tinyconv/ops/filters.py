"""The filters of image processing: one small kernel for every channel."""

from __future__ import annotations

import numpy as np

from tinyconv.backend import move
from tinyconv.errors import ShapeError, UnknownNameError
from tinyconv.filters import named
from tinyconv.geometry import Window
from tinyconv.tensor import Operand, Tensor, as_tensor, same_device, same_dtype

from .arguments import floating
from .conv import conv2d
from .pad import PADDING_MODES, pad
from .shape import expand, reshape


def filter2d(input: Operand, kernel: Operand | str, padding_mode: str = "replicate") -> Tensor:
    """y[n,c,oy,ox] = sum_{ky,kx} k[ky,kx] x[n,c, oy + ky - top, ox + kx - left]: a depthwise convolution of x's size

    input x (N, C, H, W)   kernel k (KH, KW)   ->   y (N, C, H, W)

    kernel        numbers, or a name of tinyconv.filters.NAMED: "sharpen", "gaussian_blur", "sobel_x", ...
    padding_mode  what is around the picture: "replicate" repeats its outermost pixels, so that no edge is seen where
                  the picture ends; or "zeros", "reflect", "circular"
    x is numbers of any scale; nothing is cut off or rescaled. A kernel that is a Tensor gets its gradient too.
    Raises ShapeError, DTypeError, UnknownNameError.
    """
    x = floating(input)
    if x.ndim != 4:
        raise ShapeError("filter2d", f"input has shape {x.shape}; it must be (N, C, H, W). One picture: x[None].")
    if padding_mode not in PADDING_MODES:
        raise UnknownNameError("filter2d", "padding_mode", padding_mode, PADDING_MODES)
    k = _tensor(kernel, x)
    if k.ndim != 2:
        raise ShapeError("filter2d", f"kernel has shape {k.shape}; it must be (KH, KW).")
    C, (KH, KW) = x.shape[1], k.shape
    (top, bottom), (left, right) = Window.of("filter2d", (KH, KW), padding="same").padding
    w = expand(reshape(k, 1, 1, KH, KW), C, 1, KH, KW)
    return conv2d(pad(x, (left, right, top, bottom), PADDING_MODES[padding_mode]), w, groups=C)


def _tensor(kernel: Operand | str, x: Tensor) -> Tensor:
    """The kernel in the dtype and on the device of x; a Tensor must be so already."""
    if isinstance(kernel, Tensor):
        same_device("filter2d", x, kernel)
        same_dtype("filter2d", x, kernel)
        return kernel
    numbers = named("filter2d", kernel) if isinstance(kernel, str) else kernel
    as_tensor(numbers)  # refuses what is no array of numbers
    return Tensor(move(np.asarray(numbers, x.dtype), x.device))
