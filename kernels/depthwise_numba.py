"""Depthwise convolution on the CPU: channels-last, each channel with its own filter, vectors along the channels."""

import numpy as np

from tinyconv.backend import Array
from tinyconv.geometry import Window
from tinyconv.memory import empty, empty_channels_last

from ._layout import pixels, plain
from ._numba import REORDERED, inner, shared
from ._team import share_out

PARTS = 16  # of the sums over pixels: fixed, so that they are the same whatever the number of threads


def forward(x: Array, w: Array, b: Array | None, window: Window, relu: bool = False) -> Array:
    N, C, H, W = x.shape
    y = empty_channels_last((N, C, *window.out(H, W)), x.dtype)
    bias = np.zeros(C, x.dtype) if b is None else plain(b)
    floor = x.dtype.type(0 if relu else -np.inf)
    lines = y.transpose(0, 2, 3, 1)
    _forward(N * lines.shape[1], lines, pixels(x), _taps(w), bias, floor, _slide(window))
    return y


def input_gradient(dy: Array, w: Array, window: Window, shape: tuple[int, ...]) -> Array:
    dx = empty_channels_last(shape, dy.dtype)
    lines = dx.transpose(0, 2, 3, 1)
    _input(shape[0] * shape[2], lines, pixels(dy), _taps(w), _slide(window))
    return dx


def weight_gradient(dy: Array, x: Array, window: Window) -> Array:
    C, (KH, KW) = x.shape[1], window.size
    dw = empty((PARTS, KH, KW, C), x.dtype)
    _weight(PARTS, dw, pixels(dy), pixels(x), _slide(window))
    return dw.sum(0).transpose(2, 0, 1)[:, None]


def _taps(w: Array) -> Array:
    """(C, 1, KH, KW) -> (KH, KW, C)"""
    return plain(w[:, 0].transpose(1, 2, 0))


def _slide(window: Window) -> tuple[int, ...]:
    (top, _), (left, _) = window.padding
    return (*window.stride, *window.dilation, top, left)


@shared
def _forward(items, *arguments):
    share_out(_forward_line, items, arguments)


@inner(fastmath=REORDERED)
def _forward_line(item, thread, y, x, w, bias, floor, slide):
    (_, OH, OW, C), (_, H, W, _), (KH, KW, _) = y.shape, x.shape, w.shape
    SH, SW, DH, DW, top, left = slide
    n, oy = item // OH, item % OH
    for ox in range(OW):
        to = y[n, oy, ox]
        for c in range(C):
            to[c] = bias[c]
        for ky in range(KH):
            iy = oy * SH + ky * DH - top
            for kx in range(KW):
                ix = ox * SW + kx * DW - left
                if 0 <= iy < H and 0 <= ix < W:
                    pixel, tap = x[n, iy, ix], w[ky, kx]
                    for c in range(C):
                        to[c] += tap[c] * pixel[c]
        for c in range(C):
            to[c] = floor if to[c] < floor else to[c]


@shared
def _input(items, *arguments):
    share_out(_input_line, items, arguments)


@inner(fastmath=REORDERED)
def _input_line(item, thread, dx, dy, w, slide):
    (_, H, W, C), (_, OH, OW, _), (KH, KW, _) = dx.shape, dy.shape, w.shape
    SH, SW, DH, DW, top, left = slide
    n, iy = item // H, item % H
    for ix in range(W):
        to = dx[n, iy, ix]
        for c in range(C):
            to[c] = 0
        for ky in range(KH):
            sy = iy + top - ky * DH
            for kx in range(KW):
                sx = ix + left - kx * DW
                if sy % SH == 0 and sx % SW == 0 and 0 <= sy // SH < OH and 0 <= sx // SW < OW:
                    pixel, tap = dy[n, sy // SH, sx // SW], w[ky, kx]
                    for c in range(C):
                        to[c] += tap[c] * pixel[c]


@shared
def _weight(items, *arguments):
    share_out(_weight_part, items, arguments)


@inner(fastmath=REORDERED)
def _weight_part(part, thread, dw, dy, x, slide):
    (parts, KH, KW, C), (N, OH, OW, _), (_, H, W, _) = dw.shape, dy.shape, x.shape
    SH, SW, DH, DW, top, left = slide
    dw[part] = 0
    for line in range(N * OH * part // parts, N * OH * (part + 1) // parts):
        n, oy = line // OH, line % OH
        for ky in range(KH):
            iy = oy * SH + ky * DH - top
            for kx in range(KW):
                to = dw[part, ky, kx]
                for ox in range(OW):
                    ix = ox * SW + kx * DW - left
                    if 0 <= iy < H and 0 <= ix < W:
                        pixel, gradient = x[n, iy, ix], dy[n, oy, ox]
                        for c in range(C):
                            to[c] += gradient[c] * pixel[c]
