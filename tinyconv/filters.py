"""The small kernels of image processing, as numbers: for functional.filter2d, for nn.Filter2d, or just to look at.

As all kernels here they are not flipped: y[oy,ox] = sum k[ky,kx] x[oy + ky - 1, ox + kx - 1]. The blurs and `IDENTITY`
sum to 1 and keep the brightness; edge detectors sum to 0 and see nothing in an even surface.
Gonzalez and Woods, "Digital Image Processing", chapters 3 and 10.
"""

from __future__ import annotations

import numpy as np

from .errors import ArgumentError, UnknownNameError
from .geometry import Pair, pair


def _kernel(rows: list[list[float]], divisor: float = 1) -> np.ndarray:
    kernel = np.array(rows, np.float64) / divisor
    kernel.flags.writeable = False
    return kernel


IDENTITY = _kernel([[0, 0, 0], [0, 1, 0], [0, 0, 0]])

EDGE_DIAGONAL = _kernel([[1, 0, -1], [0, 0, 0], [-1, 0, 1]])  # 4 d2x/(dh dw): corners and slanting edges
EDGE_LAPLACIAN = _kernel([[0, 1, 0], [1, -4, 1], [0, 1, 0]])  # d2x/dh2 + d2x/dw2: both sides of an edge
EDGE_OUTLINE = _kernel([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])  # a pixel against all eight around it

SHARPEN = _kernel([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])  # IDENTITY - EDGE_LAPLACIAN
BOX_BLUR = _kernel([[1, 1, 1], [1, 1, 1], [1, 1, 1]], 9)
GAUSSIAN_BLUR = _kernel([[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16)  # (1, 2, 1)/4 down times (1, 2, 1)/4 across

SOBEL_X = _kernel([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])  # 8 dx/dw: brighter to the right; Sobel and Feldman 1968
SOBEL_Y = _kernel([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])  # 8 dx/dh: brighter downwards

NAMED = {
    "identity": IDENTITY,
    "edge_diagonal": EDGE_DIAGONAL,
    "edge_laplacian": EDGE_LAPLACIAN,
    "edge_outline": EDGE_OUTLINE,
    "sharpen": SHARPEN,
    "box_blur": BOX_BLUR,
    "gaussian_blur": GAUSSIAN_BLUR,
    "sobel_x": SOBEL_X,
    "sobel_y": SOBEL_Y,
}


def box(size: int | Pair = 3) -> np.ndarray:
    """k = 1/(KH KW): the mean of a window of any size"""
    KH, KW = pair("filters.box", "size", size, least=1)
    return np.full((KH, KW), 1 / (KH * KW))


def gaussian(size: int | Pair = 3, sigma: float | None = None) -> np.ndarray:
    """k[i,j] = exp(-(di^2 + dj^2) / (2 sigma^2)), divided by its sum; di, dj pixels from the middle

    sigma  in pixels; if None 0.3 ((size - 1)/2 - 1) + 0.8, each axis its own, as in OpenCV: a size of about 6 sigma
    """
    lines = []
    for n in pair("filters.gaussian", "size", size, least=1):
        s = 0.3 * ((n - 1) / 2 - 1) + 0.8 if sigma is None else sigma
        if not (isinstance(s, (int, float, np.number)) and 0 < s < np.inf):
            raise ArgumentError("filters.gaussian", f"sigma is {sigma!r}; it must be above 0.")
        line = np.exp(-((np.arange(n) - (n - 1) / 2) ** 2) / (2 * s * s))
        lines.append(line / line.sum())
    return np.outer(*lines)


def named(operation: str, name: str) -> np.ndarray:
    """The kernel of that name."""
    if name not in NAMED:
        raise UnknownNameError(operation, "filter", name, NAMED)
    return NAMED[name]
