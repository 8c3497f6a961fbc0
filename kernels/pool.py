"""Pooling: the largest or the mean of every window, and how gradients find their way back."""

from tinyconv.backend import Array, array_module, constant
from tinyconv.geometry import Window

from . import kernel
from .im2col import col2im, padded, windows


@kernel
def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    """y[n,c,oy,ox] = the largest x of the window, winner[n,c,oy,ox] = ky*KW + kx = its place there

    x (N, C, H, W)  ->  y (N, C, OH, OW), winner of the same shape in small integers.
    The border acts as -inf. Of equals the first wins; a NaN wins over every number.
    """
    xp = array_module(x)
    KH, KW = window.size
    views = windows(padded(x, window, -xp.inf), window)
    OH, OW = views.shape[4:]
    y = xp.full(views[:, :, 0, 0].shape, -xp.inf, x.dtype)
    winner = xp.empty(y.shape, winner_dtype(window))
    winner[...] = _first_inside(xp, window, 0, OH)[:, None] * KW + _first_inside(xp, window, 1, OW)
    for k in range(KH * KW):
        v = views[:, :, k // KW, k % KW]
        wins = ~(v <= y) & ~xp.isnan(y)
        y = xp.where(wins, v, y)
        winner = xp.where(wins, winner.dtype.type(k), winner)
    return y, winner


@kernel
def max_pool2d_input(dy: Array, winner: Array, window: Window, shape: tuple[int, ...]) -> Array:
    """dx[n,c,iy,ix] = sum of dy over all windows that this pixel won

    dy, winner (N, C, OH, OW)  ->  dx (N, C, H, W) = shape
    """
    xp = array_module(dy)
    place = xp.arange(window.size[0] * window.size[1]).reshape(*window.size, 1, 1)
    won = winner[:, :, None, None] == place  # (N, C, KH, KW, OH, OW)
    return col2im.definition(xp.where(won, dy[:, :, None, None], dy.dtype.type(0)), window, shape)


@kernel
def max_pool2d_gather(x: Array, winner: Array, window: Window) -> Array:
    """y[n,c,oy,ox] = x at the winner's place in the window, or 0 if that is outside the picture

    x (N, C, H, W)   winner (N, C, OH, OW)  ->  y (N, C, OH, OW). The adjoint of max_pool2d_input.
    """
    N, C, OH, OW = winner.shape
    KH, KW = window.size
    cols = windows(padded(x, window), window).reshape(N, C, KH * KW, OH, OW)
    return array_module(x).take_along_axis(cols, winner[:, :, None].astype(int), 2)[:, :, 0]


@kernel
def avg_pool2d(x: Array, window: Window, divisor: int | Array) -> Array:
    """y[n,c,oy,ox] = (sum of x over the window) / divisor[oy,ox]; the border is 0

    x (N, C, H, W), divisor (OH, OW), or a number for all places  ->  y (N, C, OH, OW)
    """
    return windows(padded(x, window), window).sum((2, 3)) / _as(x, divisor)


@kernel
def avg_pool2d_input(dy: Array, window: Window, divisor: int | Array, shape: tuple[int, ...]) -> Array:
    """dx[n,c,iy,ix] = sum of dy / divisor over all windows that read this pixel

    dy (N, C, OH, OW), divisor (OH, OW) or a number  ->  dx (N, C, H, W) = shape
    """
    N, C, OH, OW = dy.shape
    share = (dy / _as(dy, divisor))[:, :, None, None]
    cols = array_module(dy).broadcast_to(share, (N, C, *window.size, OH, OW))
    return col2im.definition(cols, window, shape)


def winner_dtype(window: Window) -> str:
    """One byte a window, unless it has more than 256 places."""
    return "uint8" if window.size[0] * window.size[1] <= 256 else "int32"


def _first_inside(xp, window: Window, axis: int, outputs: int) -> Array:
    """The first row (axis 0) or column (axis 1) of each window that lies inside the picture."""
    before, S, D = window.padding[axis][0], window.stride[axis], window.dilation[axis]
    outside = xp.maximum(before - xp.arange(outputs) * S, 0)
    return xp.minimum(-(-outside // D), window.size[axis] - 1)


def _as(like: Array, divisor: int | Array) -> Array:
    """On the same device, and in the same precision."""
    return divisor if isinstance(divisor, int) else constant(divisor, like.real.dtype, like)
