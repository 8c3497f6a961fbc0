"""The filters of image processing as layers that learn nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyconv.errors import ShapeError, UnknownNameError
from tinyconv.filters import named
from tinyconv.ops.filters import filter2d
from tinyconv.ops.pad import PADDING_MODES
from tinyconv.tensor import Tensor, array_of, as_tensor

from .module import Module


class Filter2d(Module):
    """y[n,c] = k * x[n,c]: every channel under the same small kernel, the picture's size kept    (functional.filter2d)

    x (N, C, H, W)  ->  y (N, C, H, W).   kernel k: (KH, KW) numbers, such as filters.gaussian(5, sigma=1.0), or a name:
    "identity", "edge_diagonal", "edge_laplacian", "edge_outline", "sharpen", "box_blur", "gaussian_blur", "sobel_x",
    "sobel_y". It is neither learned nor saved; gradients flow through to x.
    padding_mode: "replicate" (the outermost pixels repeated), "zeros", "reflect", "circular".
    Gonzalez and Woods 2018, "Digital Image Processing", chapters 3 and 10; docs/filters.md has a picture of each.
    """

    def __init__(self, kernel: Any, padding_mode: str = "replicate"):
        self.name = kernel if isinstance(kernel, str) else ""
        numbers = named("Filter2d", kernel) if self.name else array_of(kernel)
        as_tensor(numbers)  # refuses what is no array of numbers
        self.kernel = np.array(numbers, np.float64)
        if self.kernel.ndim != 2 or 0 in self.kernel.shape:
            raise ShapeError("Filter2d", f"kernel has shape {self.kernel.shape}; it must be (KH, KW), not empty.")
        if padding_mode not in PADDING_MODES:
            raise UnknownNameError("Filter2d", "padding_mode", padding_mode, PADDING_MODES)
        self.padding_mode = padding_mode

    def forward(self, x: Tensor) -> Tensor:
        return filter2d(x, self.kernel, self.padding_mode)

    def extra_repr(self) -> str:
        text = repr(self.name) if self.name else "{}x{}".format(*self.kernel.shape)
        return text + ("" if self.padding_mode == "replicate" else f", padding_mode={self.padding_mode!r}")
