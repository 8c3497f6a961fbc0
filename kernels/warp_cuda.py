"""Affine warps in CUDA."""

import numpy as np

from tinyconv.backend import Array, array_module

from ._cuda import FLOATS, Program
from ._geometry_cuda import for_pictures
from ._layout import plain
from .warp import FILL_MODES

program = Program("warp", (*FLOATS, "uint8"))
_affine_warp = program.kernel("affine_warp")
STEPS = np.dtype([(name, "i8") for name in "nchw"])


def affine_warp(x: Array, A: np.ndarray, nearest: bool, fill_mode: str, fill: float) -> Array:
    if not program.takes(x):
        return NotImplemented
    xp = array_module(x)
    y, (N, C, H, W) = xp.empty(x.shape, x.dtype), x.shape
    steps = np.array([tuple(s // x.itemsize for s in x.strides)], STEPS)
    how = bool(nearest), FILL_MODES.index(fill_mode), np.float64(fill), x.dtype.kind != "f"
    for_pictures(
        _affine_warp, N, C * H * W, y, x, plain(xp.asarray(A, np.float64)), C, H, W, steps, *how, dtype=x.dtype
    )
    return y
