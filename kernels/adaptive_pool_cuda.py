"""Adaptive pooling in CUDA."""

import numpy as np

from tinyconv.backend import Array, array_module
from tinyconv.geometry import Pair, Window

from ._cuda import Program
from ._geometry_cuda import empty_pictures, for_pictures, geometry
from ._layout import pixels

program = Program("adaptive_pool")
_adaptive_max_pool2d = program.kernel("adaptive_max_pool2d")
_adaptive_avg_pool2d = program.kernel("adaptive_avg_pool2d")
_adaptive_avg_pool2d_input = program.kernel("adaptive_avg_pool2d_input")
NONE = Window((1, 1))  # Bins are no windows: of the geometry, the sizes alone count.


def adaptive_max_pool2d(x: Array, size: Pair) -> tuple[Array, Array]:
    if not program.takes(x):
        return NotImplemented
    y = empty_pictures((*x.shape[:2], *size), x)
    winner = empty_pictures(y.shape, array_module(x).empty(0, np.int64))
    g = geometry(x.shape, y.shape, NONE)
    for_pictures(_adaptive_max_pool2d, len(y), y[:1].size, pixels(y), pixels(winner), pixels(x), g)
    return y, winner


def adaptive_avg_pool2d(x: Array, size: Pair) -> Array:
    if not program.takes(x):
        return NotImplemented
    y = empty_pictures((*x.shape[:2], *size), x)
    for_pictures(_adaptive_avg_pool2d, len(y), y[:1].size, pixels(y), pixels(x), geometry(x.shape, y.shape, NONE))
    return y


def adaptive_avg_pool2d_input(dy: Array, shape: tuple[int, ...]) -> Array:
    if not program.takes(dy):
        return NotImplemented
    dx = empty_pictures(shape, dy)
    g = geometry(shape, dy.shape, NONE)
    for_pictures(_adaptive_avg_pool2d_input, len(dx), dx[:1].size, pixels(dx), pixels(dy), g)
    return dx
