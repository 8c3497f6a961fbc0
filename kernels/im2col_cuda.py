"""im2col and col2im in CUDA."""

import numpy as np

from tinyconv.backend import Array, array_module
from tinyconv.geometry import Window

from ._cuda import Program
from ._geometry_cuda import for_pictures, geometry
from ._layout import plain

program = Program("im2col")
_im2col, _col2im = program.kernel("im2col"), program.kernel("col2im")
STRIDES = np.dtype([(name, "i8") for name in "nchw"])


def im2col(x: Array, window: Window) -> Array:
    if not program.takes(x):
        return NotImplemented
    N, C, H, W = x.shape
    OH, OW = window.out(H, W)
    cols = array_module(x).empty((N, C, *window.size, OH, OW), x.dtype)
    strides = np.array([tuple(s // x.itemsize for s in x.strides)], STRIDES)
    for_pictures(_im2col, N, cols[:1].size, cols, x, geometry(x.shape, (N, C, OH, OW), window), strides)
    return cols


def col2im(cols: Array, window: Window, shape: tuple[int, ...]) -> Array:
    if not program.takes(cols):
        return NotImplemented
    x = array_module(cols).empty(shape, cols.dtype)
    g = geometry(shape, (*shape[:2], *cols.shape[4:]), window)
    for_pictures(_col2im, len(x), x[:1].size, x, plain(cols), g)
    return x
