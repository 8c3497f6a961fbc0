"""tanh and the average pooling after it, in CUDA: a kernel each."""

from tinyconv.backend import Array
from tinyconv.geometry import Window

from .activation_cuda import tanh, tanh_input
from .pool_cuda import avg_pool2d, avg_pool2d_input, program


def tanh_avg_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    if not program.takes(x):
        return NotImplemented
    t = tanh(x)
    return t, avg_pool2d(t, window, window.size[0] * window.size[1])


def tanh_avg_pool2d_input(dy: Array, t: Array, window: Window) -> Array:
    if not program.takes(dy, t):
        return NotImplemented
    return tanh_input(avg_pool2d_input(dy, window, window.size[0] * window.size[1], t.shape), t)
