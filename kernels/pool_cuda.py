"""Pooling in CUDA, of channels-last pictures."""

import numpy as np

from tinyconv.backend import Array, array_module, constant
from tinyconv.geometry import Window

from ._cuda import Launcher, Program
from ._geometry_cuda import empty_pictures, for_pictures, geometry
from ._layout import pixels, plain
from .pool import winner_dtype

program = Program("pool")


def _for_places(name: str) -> dict[str, Launcher]:
    """The kernel for winners of a byte, and of four."""
    types = {"uint8": "unsigned char", "int32": "int"}
    return {dtype: program.kernel(f"{name}<{{T}}, {place}>") for dtype, place in types.items()}


_max_pool2d = _for_places("max_pool2d")
_max_pool2d_input, _max_pool2d_gather = _for_places("max_pool2d_input"), _for_places("max_pool2d_gather")
_avg_pool2d, _avg_pool2d_input = program.kernel("avg_pool2d"), program.kernel("avg_pool2d_input")


def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    if not program.takes(x):
        return NotImplemented
    N, C, H, W = x.shape
    shape, dtype = (N, C, *window.out(H, W)), winner_dtype(window)
    y, winner = empty_pictures(shape, x), empty_pictures(shape, array_module(x).empty(0, dtype))
    g = geometry(x.shape, shape, window)
    for_pictures(_max_pool2d[dtype], N, y[:1].size, pixels(y), pixels(winner), pixels(x), g)
    return y, winner


def max_pool2d_input(dy: Array, winner: Array, window: Window, shape: tuple[int, ...]) -> Array:
    if not program.takes(dy):
        return NotImplemented
    dx, g = empty_pictures(shape, dy), geometry(shape, dy.shape, window)
    for_pictures(_max_pool2d_input[winner.dtype.name], len(dx), dx[:1].size, pixels(dx), pixels(dy), pixels(winner), g)
    return dx


def max_pool2d_gather(x: Array, winner: Array, window: Window) -> Array:
    if not program.takes(x):
        return NotImplemented
    y, g = empty_pictures(winner.shape, x), geometry(x.shape, winner.shape, window)
    for_pictures(_max_pool2d_gather[winner.dtype.name], len(y), y[:1].size, pixels(y), pixels(x), pixels(winner), g)
    return y


def avg_pool2d(x: Array, window: Window, divisor: int | Array) -> Array:
    if not program.takes(x):
        return NotImplemented
    N, C, H, W = x.shape
    y = empty_pictures((N, C, *window.out(H, W)), x)
    g = geometry(x.shape, y.shape, window)
    for_pictures(_avg_pool2d, N, y[:1].size, pixels(y), pixels(x), g, *_divisors(x, divisor))
    return y


def avg_pool2d_input(dy: Array, window: Window, divisor: int | Array, shape: tuple[int, ...]) -> Array:
    if not program.takes(dy):
        return NotImplemented
    dx, g = empty_pictures(shape, dy), geometry(shape, dy.shape, window)
    for_pictures(_avg_pool2d_input, len(dx), dx[:1].size, pixels(dx), pixels(dy), g, *_divisors(dy, divisor))
    return dx


def _divisors(x: Array, divisor: int | Array) -> tuple[Array | None, float]:
    """A number for each place, or None and one for all."""
    if isinstance(divisor, (int, float)):
        return None, float(divisor)
    return plain(constant(divisor, np.float64 if x.dtype == np.float64 else np.float32, x)), 1.0
