"""Winograd's convolution (winograd.py) for float32, 3x3, stride 1: forward and the gradient of the input.

Four steps, the last three of them for a block of tiles at a time, so that it stays in the cache:

    weight transform   U = G g G^T for all filters
    input transform    V = B^T d B, all channels of a tile
    products           M[p] = V[p] U[p], for each of (m+2)^2 points a product of matrices, out of the micro-kernel
    output transform   y = max(floor, A^T M A + b)

Every element is computed alike whatever the blocks: results do not depend on the number of threads. This code serves
all m; the transforms of each are compiled when they are first needed.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tinyconv.backend import Array
from tinyconv.geometry import Window
from tinyconv.memory import empty, empty_channels_last

from ._layout import flat, order_of, pixels, plain
from ._micro import ROWS, tile1, tile2
from ._moves import at, transpose_block
from ._numba import inner, most_threads, shared
from ._team import share_out
from ._winograd_code import LANES, address_of, call, input_transform, output_transform, weight_transform
from ._winograd_tiles import NO_FLOOR, WIDE, filled, find, odd
from .winograd_weight_numba import weight_gradient

__all__ = ["forward", "input_gradient", "weight_gradient"]

CACHE = 400_000  # bytes of V and M of a block, which leave room for weights in a second cache of 1 MB
MOST_SCRATCH = 7_000_000  # bytes of V, whatever there is to gain
MANY_WEIGHTS = 4_000_000  # bytes of U that are read from far away: then blocks are larger, to read them less often


class Strides(NamedTuple):
    """Where the weight of (f, c, ky, kx) lies in a row of numbers: start + f*by_f + c*by_c + ky*by_y + kx*by_x."""

    start: int
    by_f: int
    by_c: int
    by_y: int
    by_x: int


class Cut(NamedTuple):
    """How the work is cut up, for compiled code."""

    m: int
    top: int  # padding
    left: int
    blocks: int  # of tiles
    shares: int  # of filters, where blocks are few
    v_pitch: int  # of V, from tile to tile
    v_step: int  # from point to point
    m_step: int  # of M, which has one panel of filters, from point to point


def forward(x: Array, w: Array, b: Array | None, window: Window, m: int, relu: bool = False) -> Array:
    """y of conv2d by F(m x m), channels-last; relu: max(y, 0)."""
    (top, _), (left, _) = window.padding
    (N, C), F = x.shape[:2], len(w)
    if C < LANES or F < LANES:
        b = None if b is None else filled(b, 0)
        y = forward(filled(x, 1), filled(filled(w, 0), 1), b, window, m, relu)
        return pixels(y[:, :F]).transpose(0, 3, 1, 2)
    y = empty_channels_last((N, F, *window.out(*x.shape[2:])), x.dtype)
    _convolve(y, x, w, _strides(w), b, (top, left), m, relu)
    return y


def input_gradient(dy: Array, w: Array, window: Window, shape: tuple[int, ...], m: int) -> Array:
    """dx of conv2d by F(m x m), channels-last: dy convolved with flipped, transposed weights and padding 2 - p."""
    (top, _), (left, _) = window.padding
    F, C = w.shape[:2]
    if C < LANES or F < LANES:
        more = (shape[0], max(C, LANES), *shape[2:])
        dx = input_gradient(filled(dy, 1), filled(filled(w, 0), 1), window, more, m)
        return pixels(dx[:, :C]).transpose(0, 3, 1, 2)
    dx = empty_channels_last(shape, dy.dtype)
    _, by_f, by_c, by_y, by_x = _strides(w)
    flipped = Strides(2 * by_y + 2 * by_x, by_c, by_f, -by_y, -by_x)
    _convolve(dx, dy, w, flipped, None, (2 - top, 2 - left), m, False)
    return dx


def _strides(w: Array) -> Strides:
    """Of the weights in `flat(w)`."""
    steps, step = [0] * 4, 1
    for axis in reversed(order_of(w)):
        steps[axis] = step
        step *= w.shape[axis]
    return Strides(0, *steps)


def _convolve(
    y: Array, x: Array, w: Array, strides: Strides, b: Array | None, corner: tuple[int, int], m: int, relu: bool
) -> None:
    """y = max(floor, x * w + b), x beginning at the corner (top, left) of its padding; y as large as is wanted."""
    (N, F, OH, OW), C, dtype = y.shape, x.shape[1], x.dtype
    P, threads = (m + 2) ** 2, most_threads()
    cut = _cut(N * -(-OH // m) * -(-OW // m), C, F, m, corner, threads)
    U = empty((-(-F // WIDE) * P * (C * WIDE + LANES),), dtype)
    scratch = empty((threads, max(P * (cut.v_step + cut.m_step) + F, 9 * LANES * LANES)), dtype)
    places, zeros = np.empty((threads, P), np.int64), np.zeros(C, dtype)
    bias = np.zeros(F, dtype) if b is None else plain(b)
    floor = np.float32(0) if relu else NO_FLOOR
    _transform_weights(address_of(weight_transform, m), U, flat(w), strides, F, C, P, scratch)
    transforms = address_of(input_transform, m), address_of(output_transform, m)
    y, x = y.transpose(0, 2, 3, 1), pixels(x)
    _multiply(transforms, y, x, U, bias, floor, cut, scratch, zeros, places)


@lru_cache(maxsize=4096)
def _cut(tiles: int, C: int, F: int, m: int, corner: tuple[int, int], threads: int) -> Cut:
    P, panels, rows = (m + 2) ** 2, -(-F // WIDE), max(1, -(-tiles // ROWS))  # of the micro-kernel's tiles
    least = 84 if P * C * F * 4 > MANY_WEIGHTS else 28
    T = max(least, min(4 * least, CACHE // (P * (C + WIDE) * 4)))
    T = max(ROWS, min(T, MOST_SCRATCH // (P * C * 4)))

    def even_blocks(shares):
        """So many blocks that threads have as much to do, as far as that goes."""
        blocks = -(-rows * ROWS // T)
        return min(rows, -(-blocks * shares // threads) * threads // shares or 1)

    def time(shares):
        """That the busiest thread needs; V of a block takes about as long as the fifth part of a panel."""
        blocks = even_blocks(shares)
        return -(-blocks * shares // threads) * -(-rows // blocks) * (-(-panels // shares) + 0.2)

    shares = min(range(1, min(panels, threads) + 1), key=time)
    blocks = even_blocks(shares)
    T = -(-rows // blocks) * ROWS
    pitch = odd(-(-C // LANES))
    return Cut(m, *corner, blocks, shares, pitch * LANES, odd(T * pitch) * LANES, odd(2 * T) * LANES)


# ---------------------------------------------------------------- the weight transform


@shared
def _transform_weights(transform, U, w, strides, F, C, P, scratch):
    items = ((F + LANES - 1) // LANES) * ((C + LANES - 1) // LANES)
    share_out(_transform_piece, items, (transform, U, w, strides, F, C, P, scratch))


@inner
def _transform_piece(item, thread, transform, U, w, strides, F, C, P, scratch):
    """U[panel, p, c, f] of a vector of filters and as many channels; points of a panel are C*WIDE + LANES apart."""
    taps = scratch[thread]
    pieces = (C + LANES - 1) // LANES
    v = item // pieces
    f0, c0 = min(v * LANES, F - LANES), min(item % pieces * LANES, C - LANES)
    panel, step = v // 2, C * WIDE + LANES
    width = min(WIDE, (F - panel * WIDE + LANES - 1) // LANES * LANES)
    to = panel * P * step + v % 2 * LANES + c0 * width
    start, by_f, by_c, by_y, by_x = strides
    start += f0 * by_f + c0 * by_c
    if by_f == 1 and by_y == 3 * by_x:
        source, next_c, next_tap = at(w, start), by_c, by_x
    else:  # laid out with filters side by side first
        source, next_c, next_tap = at(taps, 0), LANES, LANES * LANES
        for k in range(9):
            first = start + k // 3 * by_y + k % 3 * by_x
            if by_c == 1:
                transpose_block(at(taps, k * LANES * LANES), LANES, at(w, first), by_f, NO_FLOOR)
            else:
                for f in range(LANES):
                    for c in range(LANES):
                        taps[(k * LANES + c) * LANES + f] = w[first + f * by_f + c * by_c]
    for c in range(LANES):
        call(transform, source + c * next_c * 4, next_tap, at(U, to + c * width), step)


# ---------------------------------------------------------------- a block of tiles


@shared
def _multiply(transforms, y, x, U, bias, floor, cut, scratch, zeros, places):
    share_out(_block, cut.blocks * cut.shares, (transforms, y, x, U, bias, floor, cut, scratch, zeros, places))


@inner
def _block(item, thread, transforms, y, x, U, bias, floor, cut, scratch, zeros, places):
    """The outputs of a block of tiles and a share of the filters."""
    memory, places = scratch[thread], places[thread]
    (N, OH, OW, F), C, P = y.shape, x.shape[3], (cut.m + 2) ** 2
    of_input, of_output = transforms
    block, share = item // cut.shares, item % cut.shares
    TH, TW, panels = (OH + cut.m - 1) // cut.m, (OW + cut.m - 1) // cut.m, (F + WIDE - 1) // WIDE
    rows = (N * TH * TW + ROWS - 1) // ROWS
    t0, t1 = rows * block // cut.blocks * ROWS, min(N * TH * TW, rows * (block + 1) // cut.blocks * ROWS)
    V, M, nowhere = memory, memory[P * cut.v_step :], at(memory, P * (cut.v_step + cut.m_step))

    for t in range(t0, t1):
        find(places, cut.m + 2, x, t, TH, TW, cut.m, cut.top, cut.left, at(zeros, 0))
        for c in range(0, C, LANES):
            c = min(c, C - LANES)
            call(of_input, at(places, 0), c, at(V, (t - t0) * cut.v_pitch + c), cut.v_step, cut.m * C)
    for panel in range(panels * share // cut.shares, panels * (share + 1) // cut.shares):
        f0 = panel * WIDE
        vectors = min(2, (F - f0 + LANES - 1) // LANES)
        _products(P, M, V, at(U, panel * P * (C * WIDE + LANES)), t1 - t0, vectors, C, cut)
        for t in range(t0, t1):
            find(places, cut.m, y, t, TH, TW, cut.m, 0, 0, nowhere)
            for v in range(vectors):
                f, source = min(f0 + v * LANES, F - LANES), at(M, ((t - t0) * vectors + v) * LANES)
                call(of_output, source, cut.m_step, at(places, 0), f, cut.m * F, at(bias, f), floor)


@inner
def _products(P, M, V, U, tiles, vectors, C, cut):
    """M[p] = V[p] U[p] for a panel of filters, one or two vectors wide"""
    for p in range(P):
        b = U + p * (C * WIDE + LANES) * 4
        for t in range(0, tiles, ROWS):
            a = at(V, p * cut.v_step + t * cut.v_pitch)
            c = at(M, p * cut.m_step + t * vectors * LANES)
            if vectors == 2:
                tile2(c, WIDE, 0, 0, a, cut.v_pitch, 1, b, WIDE, C, NO_FLOOR)
            else:
                tile1(c, LANES, 0, 0, a, cut.v_pitch, 1, b, LANES, C, NO_FLOOR)
