"""Pictures as long rows of pixels, in which each tap of a convolution's kernel is one offset.

For each kx, one row holds the pixels that this column of the kernel meets, line after line, OW a line. At row
stride 1, output t = oy*OW + ox then reads pixel t + ky*DH*OW of the row kx, whatever t is: no pixel is computed in
vain, and outputs lie as in the result. Row stride SH splits the lines into phases, every SH-th line; each ky reads
one of them. The rows cost a copy of KW times the picture, in pieces that fit the cache; im2col's KH*KW times.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tinyconv.backend import Array
from tinyconv.geometry import Pair, Window

from ._llvm import VECTOR_BYTES

CHUNKS = 16  # shared out among the threads; how many decides the bits of dw, so it is fixed
MORE = 8  # taps than there are, for the last tile
CACHE = 192 * 1024  # bytes for the rows of a band of lines: they stay in the second cache of a core


class Grid(NamedTuple):
    """The measures of a convolution."""

    size: int  # bytes of a number
    N: int
    G: int
    C: int  # channels and filters of a group
    F: int
    K: int  # C*KH*KW
    H: int
    W: int
    SH: int
    SW: int
    OH: int
    OW: int
    reach: int  # lines that a row has besides those of the outputs
    bands: int  # in which the outputs of a picture are computed
    band: int  # lines of each, and fewer of the last
    columns: int  # rows that each phase of a channel has: KW
    phases: int
    pitch: int  # from one row to the next
    rows: int


class Plan(NamedTuple):
    """What compiled code is told of one, as numbers: the grid and, behind it, tables.

    They are the first pixel of each column's lines, each phase's first line, and for each k where in the rows it is.
    """

    grid: Grid
    numbers: Array


@lru_cache(maxsize=256)
def plan_of(window: Window, N: int, C: int, F: int, picture: Pair, itemsize: int) -> Plan:
    """Y[f, t] = sum_k W[f, k] X[taps[k] + t], also for dW[f, k] = sum_t dY[f, t] X[taps[k] + t]"""
    (SH, SW), (DH, DW), (KH, KW) = window.stride, window.dilation, window.size
    (top, _), (left, _) = window.padding
    (OH, OW), lanes = window.out(*picture), VECTOR_BYTES // itemsize
    below, phase = np.divmod(np.arange(KH) * DH, SH)  # for each ky: how many lines further down, in which phase
    phases, phase = np.unique(phase, return_inverse=True)
    P, K, reach = len(phases), C * KH * KW, int(below.max())
    rows = C * KW * P
    fitting = max(1, CACHE // (rows * OW * itemsize) - reach)
    worth_sharing = max(1, OH * OW * F * K >> 16)
    bands = max(-(-OH // fitting), min(-(-CHUNKS // max(N, 1)), OH, worth_sharing))
    band = -(-OH // bands)
    bands = -(-OH // band)
    # Vectors may run beyond a row's end. They are odd in number: rows a power of two apart share places of the cache.
    pitch = (((band + reach) * OW + lanes) // lanes + 1 | 1) * lanes
    row = (np.arange(C)[:, None, None] * KW + np.arange(KW)) * P + phase[:, None]  # (C, KH, KW)
    taps = np.pad((row * pitch + below[:, None] * OW).reshape(-1), (0, MORE), mode="edge")  # to fill tiles up
    grid = Grid(itemsize, N, window.groups, C, F, K, *picture, SH, SW, OH, OW, reach, bands, band, KW, P, pitch, rows)
    return Plan(grid, _numbers(grid, np.arange(KW) * DW - left, phases - top, taps))


@lru_cache(maxsize=256)
def weight_plan(
    window: Window, N: int, C: int, F: int, picture: Pair, itemsize: int, rows: int
) -> tuple[Plan, int, int]:
    """The plan, where X and dY meet vector by vector; the size of a piece, and how many are laid out at a time.

    A piece is a band of one picture: its rows of X, then dY: for each vector of pixels, one of each of `rows` filters.
    """
    plan = plan_of(window, N, C, F, picture, itemsize)
    grid, lanes = plan.grid, VECTOR_BYTES // itemsize
    vectors = -(-grid.band * grid.OW // lanes)
    of_x = grid.rows * grid.pitch
    piece = of_x + vectors * rows * lanes
    pieces = max(1, min(CHUNKS, 2 * CACHE // (piece * itemsize), -(-N * grid.bands // CHUNKS)))
    first, vector = np.arange(pieces)[:, None] * piece, np.arange(vectors)
    steps = np.stack([first + of_x + vector * rows * lanes, first + vector * lanes], axis=-1)  # of dY, of X
    return plan._replace(numbers=_numbers(plan.numbers, steps.reshape(-1))), piece, pieces


class Spread(NamedTuple):
    """How dX = sum over the taps of W dY, each laid onto the picture at its place, is computed."""

    blocks: int  # of channels: the units of work of a group of a picture
    channels: int  # of each, and fewer of the last
    band: int  # lines of dY at a time
    pitch: int  # from one row of products, or of dY, to the next
    PH: int  # the picture with as much of its border as outputs reach
    PW: int  # and room for whole vectors: one that ran into the next line would delay what is added there
    KH: int
    KW: int
    DH: int
    DW: int
    top: int
    left: int


@lru_cache(maxsize=256)
def spread_of(window: Window, N: int, C: int, F: int, picture: Pair, itemsize: int) -> tuple[Spread, Array]:
    """Also as numbers behind the grid's, and behind them where the filters of dY begin: in the array, then in rows."""
    (SH, SW), (DH, DW), (KH, KW), (H, W) = window.stride, window.dilation, window.size, picture
    (top, _), (left, _) = window.padding
    (OH, OW), lanes = window.out(H, W), VECTOR_BYTES // itemsize
    channels = -(-C // min(C, -(-CHUNKS // max(N * window.groups, 1))))
    band = max(1, min(OH, CACHE // (channels * KH * KW * OW * itemsize)))
    pitch = ((band * OW + lanes) // lanes | 1) * lanes
    PH = max((OH - 1) * SH + (KH - 1) * DH + 1, top + H)
    PW = max((KW - 1) * DW + (-(-OW // lanes) * lanes if SW == 1 else (OW - 1) * SW + 1), left + W)
    f = np.arange(F)
    spread = Spread(-(-C // channels), channels, band, pitch, PH, PW, KH, KW, DH, DW, top, left)
    grid = plan_of(window, N, C, F, picture, itemsize).grid
    return spread, _numbers(grid, spread, f * OH * OW, f * pitch)


def _numbers(*parts: Array | tuple[int, ...]) -> Array:
    return np.concatenate(parts).astype(np.int64)
