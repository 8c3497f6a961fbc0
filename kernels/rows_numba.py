"""Convolution on the CPU with pixels as the lanes of vectors: for few channels or filters.

With pictures as long rows (_lines.py) row k of im2col's columns is a piece of a row, from taps[k] on, so

    forward          Y[f, t]  = sum_k W[f, k] X[taps[k] + t]        k = (c, ky, kx)
    weight_gradient  dW[f, k] = sum_t dY[f, t] X[taps[k] + t]
    input_gradient   dX = the products sum_f W[f, k] dY[f, t], each added to the pixel that tap k read for output t

The first and the last are tiles of the micro-kernel (_micro.py) with pixels as lanes. In the second the lanes are
pixels too, which are summed over (_dots.py); some zeros are multiplied there where the definition has no term, so
that a NaN or an infinity may spread further.

Compiled code is given numbers and addresses, for each array among its arguments takes time to compile.
"""

import math

import numpy as np
from numba.np.unsafe.ndarray import to_fixed_tuple

from tinyconv.backend import Array
from tinyconv.geometry import Window
from tinyconv.memory import empty

from ._dots import fill, make_dots, move
from ._lay_out import copy_each, fill_bytes, lay_out
from ._lines import CHUNKS, MORE, Grid, Plan, plan_of, spread_of, weight_plan
from ._llvm import VECTOR_BYTES
from ._moves import at
from ._numba import inner, most_threads, plain, shared
from ._rows_job import GRID, HEAD, SPARE, job_of, pixels_of
from ._rows_product import product, tile_for
from ._rows_spread import spread_out
from ._team import share_out

# 24 sums, beside 4 vectors of X and one of dY, in 32 registers (AVX-512); 12 and 2 in 16.
DOTS = (6, 4) if VECTOR_BYTES == 64 else (6, 2)
dots = make_dots(*DOTS)


def forward(x: Array, w: Array, b: Array | None, window: Window, relu: bool = False) -> Array:
    """y = x * w + b, and max(y, 0) with relu. All arrays float32, or all float64."""
    (N, _, H, W), (F, CG, _, _), G = x.shape, w.shape, window.groups
    plan = plan_of(window, N, CG, F // G, (H, W), x.itemsize)
    y = empty((N, F, plan.grid.OH, plan.grid.OW), x.dtype)
    _multiply(y, x, w.reshape(G, F // G, -1), b, plan, relu)
    return y


def input_gradient(dy: Array, w: Array, window: Window, shape: tuple[int, ...]) -> Array:
    """dx, of the given shape."""
    (N, C, H, W), F, G = shape, len(w), window.groups
    CG, FG, dx = C // G, F // G, empty((N, C, H, W), dy.dtype)
    grid = plan_of(window, N, CG, FG, (H, W), dy.itemsize).grid
    spread, numbers = spread_of(window, N, CG, FG, (H, W), dy.itemsize)
    taps, spare = spread.KH * spread.KW, SPARE // dy.itemsize
    wt = np.zeros((G, FG, grid.K + MORE), dy.dtype)  # a tile may have more rows than there are
    wt[:, :, : grid.K] = w.reshape(G, FG, grid.K)
    size = spread.channels * (spread.PH * spread.PW + taps * spread.pitch) + (MORE + FG) * spread.pitch + 2 * spare
    scratch = empty((most_threads(), size), dy.dtype)
    dy, strides = pixels_of(dy)
    job = [dx, dy, strides[0], strides[1], strides[3], wt, scratch, scratch.strides[0]]
    job += tile_for(spread.channels * taps)
    units = N * G * spread.blocks
    chunks, number = min(CHUNKS, units), dy.dtype.type
    spread_out(chunks, job_of(job, numbers), units, chunks, number(0), number(-np.inf))
    return dx


def weight_gradient(dy: Array, x: Array, window: Window) -> Array:
    """dw: a sum over pieces of pictures, in a fixed order."""
    (N, F, _, _), C, G, (KH, KW) = dy.shape, x.shape[1], window.groups, window.size
    R, Q = DOTS
    rows = -(-F // G // R) * R
    plan, piece, pieces = weight_plan(window, N, C // G, F // G, x.shape[2:], x.itemsize, rows)
    grid = plan.grid
    blocks = (G, rows // R, -(-grid.K // Q), R, Q)  # each tile has its place, also for sums that nobody asked for
    size = math.prod(blocks)
    chunks = max(1, min(CHUNKS, N * grid.bands, 2**24 // size))
    parts = empty((chunks, size + SPARE // x.itemsize), dy.dtype)
    scratch = empty((most_threads(), pieces * piece + SPARE // x.itemsize), x.dtype)
    x, x_strides = pixels_of(x)
    dy, dy_strides = pixels_of(dy)
    job = [parts, parts.strides[0], dy, *dy_strides, x, x.size, *x_strides]
    job += [scratch, scratch.strides[0], piece, pieces, rows]
    _weight(chunks, job_of(job, plan.numbers), N * grid.bands, chunks, x.dtype.type(0))
    dw = parts[:, :size].sum(0).reshape(blocks).swapaxes(2, 3).reshape(G, rows, -1)
    return dw[:, : F // G, : grid.K].reshape(F, C // G, KH, KW)


def _multiply(y: Array, x: Array, w: Array, b: Array | None, plan: Plan, relu: bool) -> None:
    G, F, K = w.shape
    grid = plan.grid
    R, width = tile_for(F)
    spare = SPARE // x.itemsize
    if F < R:
        w = np.concatenate([w, np.zeros((G, R - F, K), w.dtype)], axis=1)
    bias = np.zeros((G, max(F, R), spare), x.dtype)
    if b is not None:
        bias[:, :F] = b.reshape(G, F, 1)
    w, (x, strides) = plain(w), pixels_of(x)
    size = grid.rows * grid.pitch + spare + max(F, R) * (grid.band * grid.OW + spare)
    scratch = empty((most_threads(), size), x.dtype)
    job = [y, x, w, bias, scratch, scratch.strides[0], x.size, *strides, R, width]
    units = grid.N * grid.bands
    chunks, number = min(CHUNKS, units), x.dtype.type
    _forward(chunks, job_of(job, plan.numbers), units, chunks, number(0), number(0 if relu else -np.inf))


# ---------------------------------------------------------------- forward


@shared
def _forward(chunks, *arguments):
    share_out(_bands, chunks, arguments)


@inner
def _bands(chunk, thread, job, units, chunks, zero, floor):
    """A part of the bands of lines of all pictures."""
    grid, tables = Grid(*to_fixed_tuple(job[HEAD:], GRID)), job[HEAD + GRID :]
    y, x, w, bias, rows = job[0], job[1], job[2], job[3], job[4] + job[5] * thread
    x_size, strides, R, width = job[6], (job[7], job[8], job[9], job[10]), job[11], job[12]
    size, F, K, spare = grid.size, grid.F, grid.K, SPARE // grid.size
    taps, plane = at(tables, grid.columns + grid.phases), grid.OH * grid.OW
    for unit in range(units * chunk // chunks, units * (chunk + 1) // chunks):
        n, line = unit // grid.bands, unit % grid.bands * grid.band
        count = min(grid.band, grid.OH - line)
        T = count * grid.OW
        in_place = F >= R and T * size >= VECTOR_BYTES
        pitch = plane if in_place else grid.band * grid.OW + spare
        for g in range(grid.G):
            lay_out(rows, x, x_size, strides, n, g * grid.C, grid, tables, line, count, zero)
            place = y + ((n * grid.G + g) * F * plane + line * grid.OW) * size
            c = place if in_place else rows + (grid.rows * grid.pitch + spare) * size
            first = g * max(F, R)
            a, start = w + first * K * size, bias + first * spare * size
            product(c, pitch, start, spare, a, K, 1, rows, taps, K, F, T, in_place, R, width, size, floor)
            if not in_place:
                for f in range(F):
                    copy_each(place + f * plane * size, size, c + f * pitch * size, size, T, zero)


# ---------------------------------------------------------------- the gradient with respect to w


@shared
def _weight(chunks, *arguments):
    share_out(_dot, chunks, arguments)


@inner
def _dot(chunk, thread, job, units, chunks, zero):
    """A part of dw, from a part of the pieces."""
    unit, end = units * chunk // chunks, units * (chunk + 1) // chunks
    grid, tables = Grid(*to_fixed_tuple(job[HEAD:], GRID)), job[HEAD + GRID :]
    part, dy, dy_strides = job[0] + chunk * job[1], job[2], (job[3], job[4], job[6])
    x, x_size, x_strides = job[7], job[8], (job[9], job[10], job[11], job[12])
    scratch, piece, pieces, filters = job[13] + job[14] * thread, job[15], job[16], job[17]
    size, lanes, (R, Q) = grid.size, VECTOR_BYTES // grid.size, DOTS
    vectors = -(-grid.band * grid.OW // lanes)
    taps = at(tables, grid.columns + grid.phases)
    steps = taps + (grid.K + MORE) * 8
    fill_bytes(part, grid.G * filters * -(-grid.K // Q) * Q * size, zero)
    while unit < end:
        now, d = min(pieces, end - unit), part
        for g in range(grid.G):
            for p in range(now):
                n, line = (unit + p) // grid.bands, (unit + p) % grid.bands * grid.band
                here = scratch + p * piece * size
                lay_out(here, x, x_size, x_strides, n, g * grid.C, grid, tables, line, grid.band, zero)
                _interleave(here + grid.rows * grid.pitch * size, dy, dy_strides, n, g, grid, line, filters, zero)
            for f in range(0, filters, R):
                for k in range(0, grid.K, Q):
                    dots(d, scratch + f * lanes * size, scratch, taps + k * 8, steps, now * vectors, zero)
                    d += R * Q * size
        unit += now


@inner
def _interleave(to, dy, strides, n, g, grid, line, filters, zero):
    """dY of a band: for each vector of pixels one of each filter; zeros after the last pixel and filter."""
    size, lanes = grid.size, VECTOR_BYTES // grid.size
    sn, sf, st = strides
    T, T0 = min(grid.band, grid.OH - line) * grid.OW, grid.band * grid.OW
    for f in range(filters):
        source = dy + (n * sn + (g * grid.F + f) * sf + line * grid.OW * st) * size
        here, t = to + f * VECTOR_BYTES, 0
        while t < T0:
            if st == 1 and t + lanes <= T and f < grid.F:
                move(here, source, zero)
            else:
                fill(here, zero)
                copy_each(here, size, source, st * size, min(lanes, T - t) if f < grid.F else 0, zero)
            source += lanes * st * size
            here += filters * VECTOR_BYTES
            t += lanes
