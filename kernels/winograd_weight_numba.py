"""Winograd's convolution (winograd.py) for float32, 3x3, stride 1: the gradient of the weights.

Four steps; the first three for a block of tiles at a time:

    input transform            V = B^T d B, all channels of a tile
    output gradient transform  E = A dY A^T, the filters of this share
    products                   dU[p] += V[p]^T E[p], summed over the tiles of the block
    weight transform           dw = G^T dU G, of the sum of all parts

The tiles are divided into parts, each with a dU of its own. How many depends on the sizes alone, and they are added
in order: results do not depend on the number of threads. That the parts are short also keeps rounding errors small.
Where parts are fewer than threads, each is shared out by filters.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tinyconv.backend import Array
from tinyconv.geometry import Window
from tinyconv.memory import empty

from ._layout import pixels
from ._llvm import on_its_own
from ._micro import ROWS, make_tile
from ._moves import at
from ._numba import inner, most_threads, shared
from ._team import share_out
from ._winograd_code import (
    LANES,
    address_of,
    call,
    input_transform,
    output_gradient_transform,
    prefetch,
    weight_gradient_transform,
)
from ._winograd_tiles import NO_FLOOR, WIDE, filled, find, odd

MOST = 16  # parts
MEMORY = 2**25  # bytes for all parts together
SHORT = 128  # tiles, at least, of a part: adding up the parts takes time as well
BLOCK = 6_000_000  # bytes of V and E of a block; many tiles, for each block reads and writes all of dU
CACHE = 700_000  # bytes that stay in a second cache of 1 MB
# Rows are channels here, often 16, 32, 64: of them 14 rows at a time would leave many unused.
HEIGHT = 8 if ROWS > 8 else ROWS


_narrow, _wide = make_tile(HEIGHT, 1), make_tile(HEIGHT, 2)


@on_its_own
def narrow(c, ldc, start, lds, a, rs, cs, b, ldb, K, floor):
    """The micro-kernel for one vector of filters."""
    _narrow(c, ldc, start, lds, a, rs, cs, b, ldb, K, floor)


@on_its_own
def wide(c, ldc, start, lds, a, rs, cs, b, ldb, K, floor):
    """The micro-kernel for two vectors of filters."""
    _wide(c, ldc, start, lds, a, rs, cs, b, ldb, K, floor)


class Cut(NamedTuple):
    """How the work is cut up, for compiled code."""

    m: int
    top: int  # padding
    left: int
    shares: int  # of filters
    T: int  # tiles of a block
    v_pitch: int  # of V, from tile to tile
    v_step: int  # from point to point
    e_pitch: int  # of E
    e_step: int
    pitch: int  # of dU, from channel to channel
    step: int  # of dU, from point to point


def weight_gradient(dy: Array, x: Array, window: Window, m: int) -> Array:
    """dw of conv2d, (F, C, 3, 3), lying in memory as (3, 3, C, F)."""
    F, C = dy.shape[1], x.shape[1]
    if C < LANES or F < LANES:
        dw = weight_gradient(filled(dy, 1), filled(x, 1), window, m)[:F, :C]
        return np.ascontiguousarray(dw.transpose(2, 3, 1, 0)).transpose(3, 2, 0, 1)
    if not dy.size:
        return np.zeros((3, 3, C, F), x.dtype).transpose(3, 2, 0, 1)
    (top, _), (left, _), (N, _, OH, OW) = *window.padding, dy.shape
    P, threads = (m + 2) ** 2, most_threads()
    tiles = N * -(-OH // m) * -(-OW // m)
    parts, cut = _cut(tiles, C, F, m, (top, left), threads)
    dU = empty((parts, P * cut.step), x.dtype)
    scratch = empty((threads, P * (cut.v_step + cut.e_step) + WIDE), x.dtype)
    places, zeros = np.empty((threads, P), np.int64), np.zeros(max(C, F), x.dtype)
    transforms = address_of(input_transform, m), address_of(output_gradient_transform, m)
    _accumulate(transforms, dU, pixels(dy), pixels(x), cut, scratch, zeros, places)
    dw = empty((3, 3, C, F), x.dtype)
    _finish(address_of(weight_gradient_transform, m), dw, dU, cut)
    return dw.transpose(3, 2, 0, 1)


@lru_cache(maxsize=4096)
def _cut(tiles: int, C: int, F: int, m: int, corner: tuple[int, int], threads: int) -> tuple[int, Cut]:
    P, panels = (m + 2) ** 2, -(-F // WIDE)
    pitch = -(-F // LANES) * LANES
    step = -(-C // HEIGHT) * HEIGHT * pitch + LANES
    most = max(1, min(MOST, MEMORY // (P * step * 4), tiles // SHORT))
    parts = 1 << (most.bit_length() - 1)
    shares = min(panels, -(-threads // parts))
    v, e = odd(-(-C // LANES)), odd(-(-panels // shares) * 2)
    T = min(-(-tiles // parts), max(28, min(128, BLOCK // (P * (v + e) * LANES * 4))))
    return parts, Cut(m, *corner, shares, T, v * LANES, odd(T * v) * LANES, e * LANES, odd(T * e) * LANES, pitch, step)


@shared
def _accumulate(transforms, dU, dy, x, cut, scratch, zeros, places):
    share_out(_part, len(dU) * cut.shares, (transforms, dU, dy, x, cut, scratch, zeros, places))


@inner
def _part(item, thread, transforms, dU, dy, x, cut, scratch, zeros, places):
    """dU of a part of the tiles, for a share of the filters."""
    memory, places = scratch[thread], places[thread]
    (N, OH, OW, F), C, P = dy.shape, x.shape[3], (cut.m + 2) ** 2
    of_input, of_output = transforms
    part, share = item // cut.shares, item % cut.shares
    TH, TW = (OH + cut.m - 1) // cut.m, (OW + cut.m - 1) // cut.m
    tiles, panels = N * TH * TW, (F + WIDE - 1) // WIDE
    first, last = panels * share // cut.shares * WIDE, min(F, panels * (share + 1) // cut.shares * WIDE)
    V, E = memory, memory[P * cut.v_step :]
    begin, end = tiles * part // len(dU), tiles * (part + 1) // len(dU)
    for t0 in range(begin, end, cut.T):
        t1 = min(end, t0 + cut.T)
        for t in range(t0, t1):
            find(places, cut.m + 2, x, t, TH, TW, cut.m, cut.top, cut.left, at(zeros, 0))
            for c in range(0, C, LANES):
                c = min(c, C - LANES)
                call(of_input, at(places, 0), c, at(V, (t - t0) * cut.v_pitch + c), cut.v_step, cut.m * C)
            find(places, cut.m, dy, t, TH, TW, cut.m, 0, 0, at(zeros, 0))
            for f in range(first, last, LANES):
                f = min(f, F - LANES)
                to = at(E, (t - t0) * cut.e_pitch + f - first)
                call(of_output, at(places, 0), f, to, cut.e_step, cut.m * F)
        _products(P, dU[part], V, E, t0 == begin, t1 - t0, C, first, last, cut)


@inner
def _products(P, dU, V, E, fresh, tiles, C, first, last, cut):
    """dU[p] (+)= V[p]^T E[p]; meanwhile, what belongs to the next point is brought near."""
    pieces = (C + HEIGHT - 1) // HEIGHT * ((last - first + WIDE - 1) // WIDE)
    far = P * (cut.v_step + cut.e_step + cut.step) * 4 > CACHE
    for p in range(P):
        piece = 0
        for f in range(first, last, WIDE):
            e = at(E, p * cut.e_step + f - first)
            for c in range(0, C, HEIGHT):
                v, to = at(V, p * cut.v_step + c), at(dU, p * cut.step + c * cut.pitch + f)
                start = 0 if fresh else to
                if far and p + 1 < P:
                    _fetch(at(V, (p + 1) * cut.v_step), cut.v_step, piece, pieces)
                    _fetch(at(E, (p + 1) * cut.e_step), cut.e_step, piece, pieces)
                    _fetch(at(dU, (p + 1) * cut.step), cut.step, piece, pieces)
                    piece += 1
                if last - f > LANES:
                    wide(to, cut.pitch, start, cut.pitch, v, 1, cut.v_pitch, e, cut.e_pitch, tiles, NO_FLOOR)
                else:
                    narrow(to, cut.pitch, start, cut.pitch, v, 1, cut.v_pitch, e, cut.e_pitch, tiles, NO_FLOOR)


@inner
def _fetch(address, length, piece, pieces):
    """One of so many pieces of a row of numbers."""
    lines = length // 16
    for line in range(lines * piece // pieces, lines * (piece + 1) // pieces):
        prefetch(address + 64 * line)


@shared
def _finish(transform, dw, dU, cut):
    share_out(_weights_of_channel, dw.shape[2], (transform, dw, dU, cut))


@inner
def _weights_of_channel(c, thread, transform, dw, dU, cut):
    """Add up the parts in the first of them, and transform."""
    _, _, C, F = dw.shape
    for p in range((cut.m + 2) ** 2):
        here = p * cut.step + c * cut.pitch
        total = dU[0, here : here + F]
        for part in range(1, len(dU)):
            more = dU[part, here : here + F]
            for f in range(F):
                total[f] += more[f]
    for f in range(0, F, LANES):
        f = min(f, F - LANES)
        source, target = at(dU, c * cut.pitch + f), at(dw, c * F + f)
        call(transform, source, cut.step, target, C * F)
