"""tanh and the average pooling after it, in one pass: LeNet-5's."""

from tinyconv.backend import Array
from tinyconv.geometry import Window

from . import kernel
from .activation import tanh, tanh_input
from .pool import avg_pool2d, avg_pool2d_input


@kernel
def tanh_avg_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    """t = tanh(x),   y = mean of t over each window

    x (N, C, H, W)  ->  t of the same shape, y (N, C, OH, OW)
    """
    t = tanh.definition(x)
    return t, avg_pool2d.definition(t, window, window.size[0] * window.size[1])


@kernel
def tanh_avg_pool2d_input(dy: Array, t: Array, window: Window) -> Array:
    """dx = (1 - t^2) times the sum of dy / (KH*KW) over all windows that read this pixel

    dy (N, C, OH, OW)   t (N, C, H, W)  ->  dx as t
    """
    dt = avg_pool2d_input.definition(dy, window, window.size[0] * window.size[1], t.shape)
    return tanh_input.definition(dt, t)
