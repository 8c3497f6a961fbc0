"""tanh and average pooling in nested loops: one after the other."""

from tinyconv.backend import Array
from tinyconv.geometry import Window

from .activation_loops import tanh, tanh_input
from .pool_loops import avg_pool2d, avg_pool2d_input


def tanh_avg_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    t = tanh(x)
    return t, avg_pool2d(t, window, window.size[0] * window.size[1])


def tanh_avg_pool2d_input(dy: Array, t: Array, window: Window) -> Array:
    dt = avg_pool2d_input(dy, window, window.size[0] * window.size[1], t.shape)
    return tanh_input(dt, t)
