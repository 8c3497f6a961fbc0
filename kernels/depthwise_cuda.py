"""Depthwise convolution in CUDA: as many groups as channels and filters, so a filter for each channel."""

import numpy as np

from tinyconv.backend import Array, array_module
from tinyconv.geometry import Window

from ._cuda import Program
from ._geometry_cuda import empty_pictures, for_pictures, geometry
from ._layout import pixels, plain
from ._rows_cuda import blocks

program = Program("depthwise")
_depthwise, _depthwise_input = program.kernel("depthwise"), program.kernel("depthwise_input")
_depthwise_weight, _sum_of_parts = program.kernel("depthwise_weight"), program.kernel("sum_of_parts")


def conv2d(x: Array, w: Array, b: Array | None, window: Window, relu: bool) -> Array:
    N, C, H, W = x.shape
    y = empty_pictures((N, C, *window.out(H, W)), x)
    g, bias = geometry(x.shape, y.shape, window), None if b is None else plain(b)
    for_pictures(_depthwise, N, y[:1].size, pixels(y), pixels(x), _as_stored(w), bias, g, bool(relu))
    return y


def conv2d_input(dy: Array, w: Array, window: Window, shape: tuple[int, ...]) -> Array:
    dx, g = empty_pictures(shape, dy), geometry(shape, dy.shape, window)
    for_pictures(_depthwise_input, len(dx), dx[:1].size, pixels(dx), pixels(dy), _as_stored(w), g)
    return dx


def conv2d_weight(dy: Array, x: Array, window: Window) -> Array:
    xp, C, (KH, KW) = array_module(x), x.shape[1], window.size
    rows = pixels(dy).reshape(-1, C)
    tiles, splits = blocks(rows)
    partial = xp.empty((KH * KW, splits, C), np.float64 if x.dtype == np.float64 else np.float32)
    g = geometry(x.shape, dy.shape, window)
    _depthwise_weight.on(
        (tiles, splits, KH * KW), 256, np.int64(len(rows)), C, partial, rows, pixels(x), g, dtype=x.dtype
    )
    dw = xp.empty((KH, KW, C), x.dtype)
    _sum_of_parts(dw.size, dw, partial, splits, C, dtype=x.dtype)
    return dw.transpose(2, 0, 1)[:, None]


def _as_stored(w: Array) -> Array:
    """(C, 1, KH, KW) -> (KH, KW, C), C-contiguous"""
    return plain(w[:, 0].transpose(1, 2, 0))
