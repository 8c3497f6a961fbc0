"""Pooling compiled for the CPU: over all channels of a pixel at a time, or plane by plane, as the input lies."""

from functools import lru_cache

import numpy as np

from tinyconv.backend import Array
from tinyconv.geometry import Window
from tinyconv.memory import empty, empty_channels_last

from . import _pool_halving_numba as halving
from . import _pool_of_4_numba as of_4
from . import _pool_pixels_numba as by_pixels
from . import _pool_planes_numba as by_planes
from ._layout import is_channels_last, pixels, plain
from ._numba import most_threads, takes
from .pool import winner_dtype

HALVING = Window((2, 2), (2, 2))


def max_pool2d(x: Array, window: Window) -> tuple[Array, Array]:
    if not takes(x):
        return NotImplemented
    N, C, H, W = x.shape
    last, Y = is_channels_last(x), (N, C, *window.out(H, W))
    y, winner = _empty(Y, x.dtype, last), _empty(Y, np.dtype(winner_dtype(window)), last)
    if last and window == HALVING:
        halving.largest(_lines(y), _flat(y), _flat(winner), _flat(x), (H, W, C))
    elif last:
        by_pixels.largest(_lines(y), _flat(y), _flat(winner), _flat(x), (*y.shape[2:], H, W, C), *_read(window, H, W))
    elif window == HALVING:
        of_4.largest(N * C, flat_planes(y), flat_planes(winner), flat_planes(x), W, lines_of_4(y))
    else:
        by_planes.largest(N * C, _planes(y), _planes(winner), _planes(x), _geometry(window))
    return y, winner


def max_pool2d_input(dy: Array, winner: Array, window: Window, shape: tuple[int, ...]) -> Array:
    if not takes(dy):
        return NotImplemented
    (N, C, H, W), last = shape, is_channels_last(winner)
    dx = _empty(shape, dy.dtype, last)
    if last and window == HALVING:
        halving.to_winners(N * -(-H // 2), _flat(dx), _flat(dy), _flat(winner), (H, W, C))
    elif last:
        sizes = H, W, *dy.shape[2:], C
        by_pixels.to_winners(_lines(dx), _flat(dx), _flat(dy), _flat(winner), sizes, *_readers(window, H, W))
    elif window == HALVING:
        clear_edges(dx)
        of_4.to_winners(N * C, flat_planes(dx), flat_planes(dy), flat_planes(winner), W, lines_of_4(dy))
    else:
        by_planes.to_winners(N * C, _planes(dx), _planes(dy), _planes(winner), _geometry(window))
    return dx


def avg_pool2d(x: Array, window: Window, divisor: int | Array) -> Array:
    if not takes(x):
        return NotImplemented
    N, C, H, W = x.shape
    last = is_channels_last(x)
    y = _empty((N, C, *window.out(H, W)), x.dtype, last)
    share = _share(x, window, divisor, x.shape)
    if last:
        by_pixels.sums(_lines(y), _flat(y), _flat(x), share, (*y.shape[2:], H, W, C), *_read(window, H, W))
    elif window == HALVING and np.all(divisor == 4):
        of_4.means(N * C, flat_planes(y), flat_planes(x), W, lines_of_4(y))
    else:
        by_planes.means(N * C, _planes(y), _planes(x), share, _geometry(window))
    return y


def avg_pool2d_input(dy: Array, window: Window, divisor: int | Array, shape: tuple[int, ...]) -> Array:
    if not takes(dy):
        return NotImplemented
    (N, C, H, W), last = shape, is_channels_last(dy)
    dx = _empty(shape, dy.dtype, last)
    share = _share(dy, window, divisor, shape)
    if last:
        sizes = H, W, *dy.shape[2:], C
        by_pixels.shares(_lines(dx), _flat(dx), _flat(dy), share, sizes, *_readers(window, H, W))
    elif window == HALVING and np.all(divisor == 4):
        clear_edges(dx)
        of_4.shares(N * C, flat_planes(dx), flat_planes(dy), W, lines_of_4(dy))
    else:
        by_planes.shares(N * C, _planes(dx), _planes(dy), share, _geometry(window))
    return dx


def _empty(shape: tuple[int, ...], dtype: np.dtype, channels_last: bool) -> Array:
    return empty_channels_last(shape, dtype) if channels_last else empty(shape, dtype)


def _flat(x: Array) -> Array:
    """(N, C, H, W) -> its elements in channels-last order"""
    return pixels(x).reshape(-1)


def _lines(x: Array) -> int:
    """How many lines a batch of pictures has, N*H."""
    return x.shape[0] * x.shape[2]


def _planes(x: Array) -> Array:
    """(N, C, H, W) -> (N*C, H, W)"""
    return plain(x).reshape(x.shape[0] * x.shape[1], *x.shape[2:])


def flat_planes(x: Array) -> Array:
    """(N, C, H, W) -> (N*C, H*W)"""
    return plain(x).reshape(x.shape[0] * x.shape[1], x.shape[2] * x.shape[3])


def lines_of_4(y: Array) -> Array:
    """For each thread, room for the pixels of a plane's windows."""
    return empty((most_threads(), 4 * y.shape[2] * y.shape[3]), y.dtype)


def clear_edges(dx: Array) -> None:
    """Zeros in the last line and column of odd pictures, which windows of 2x2 do not reach."""
    H, W = dx.shape[2:]
    dx[:, :, H // 2 * 2 :] = 0
    dx[..., W // 2 * 2 :] = 0


def _share(like: Array, window: Window, divisor: int | Array, shape: tuple[int, ...]) -> Array:
    """1 / divisor, (OH, OW)"""
    share = np.empty(window.out(*shape[2:]), like.dtype)
    share[...] = 1 / divisor
    return share


def _geometry(window: Window) -> tuple[int, ...]:
    (top, _), (left, _) = window.padding
    return (*window.size, *window.stride, *window.dilation, top, left)


@lru_cache(maxsize=256)
def _read(window: Window, H: int, W: int) -> tuple[Array, Array]:
    """The row that each place of each window reads, (OH, KH), and the column, (OW, KW); -1 outside."""

    def read(axis: int, size: int, outputs: int) -> Array:
        o, k = np.ogrid[:outputs, : window.size[axis]]
        i = o * window.stride[axis] + k * window.dilation[axis] - window.padding[axis][0]
        return np.where(i < size, np.maximum(i, -1), -1)

    OH, OW = window.out(H, W)
    return read(0, H, OH), read(1, W, OW)


@lru_cache(maxsize=256)
def _readers(window: Window, H: int, W: int) -> tuple[Array, Array]:
    """The window that reads each row with each of its places, (H, KH), and each column, (W, KW); -1 if none."""

    def readers(axis: int, size: int, outputs: int) -> Array:
        i, k = np.ogrid[:size, : window.size[axis]]
        o, between = np.divmod(i + window.padding[axis][0] - k * window.dilation[axis], window.stride[axis])
        return np.where((between == 0) & (o < outputs), np.maximum(o, -1), -1)

    OH, OW = window.out(H, W)
    return readers(0, H, OH), readers(1, W, OW)
