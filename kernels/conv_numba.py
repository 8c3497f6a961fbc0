"""Convolution on the CPU: the algorithm is chosen (conv_choice.py), and does it."""

from tinyconv.backend import Array
from tinyconv.geometry import Window

from . import depthwise_numba, direct_numba, rows_numba, winograd_numba, winograd_weight_numba
from ._numba import takes
from .conv_choice import Layer, algorithm_for

SIMPLE = {"rows": rows_numba, "depthwise": depthwise_numba, "direct": direct_numba}


def conv2d(
    x: Array, w: Array, b: Array | None, window: Window, relu: bool = False, algorithm: str | None = None
) -> Array:
    if not takes(x, w, b) or x.size == 0:
        return NotImplemented
    name = _algorithm(window, x.shape, len(w), x.itemsize, algorithm)
    if name in SIMPLE:
        return SIMPLE[name].forward(x, w, b, window, relu)
    return winograd_numba.forward(x, w, b, window, int(name[1]), relu)


def conv2d_input(dy: Array, w: Array, window: Window, shape: tuple[int, ...], algorithm: str | None = None) -> Array:
    if not takes(dy, w) or dy.size == 0:
        return NotImplemented
    name = _algorithm(window, shape, len(w), dy.itemsize, algorithm, shape[2:])
    if name in SIMPLE:
        return SIMPLE[name].input_gradient(dy, w, window, shape)
    return winograd_numba.input_gradient(dy, w, window, shape, int(name[1]))


def conv2d_weight(dy: Array, x: Array, window: Window, algorithm: str | None = None) -> Array:
    if not takes(dy, x) or dy.size == 0:
        return NotImplemented
    name = _algorithm(window, x.shape, dy.shape[1], x.itemsize, algorithm)
    if name in SIMPLE:
        return SIMPLE[name].weight_gradient(dy, x, window)
    return winograd_weight_numba.weight_gradient(dy, x, window, int(name[1]))


def _algorithm(
    window: Window,
    shape: tuple[int, ...],
    F: int,
    itemsize: int,
    asked: str | None,
    result: tuple[int, ...] | None = None,
) -> str:
    """result: the size of what is computed, if not the convolution's output."""
    N, C, H, W = shape
    OH, OW = result or window.out(H, W)
    return algorithm_for(Layer(window, N, C, F, OH, OW, itemsize), asked)
