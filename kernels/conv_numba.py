"""Convolution on the CPU without im2col: each tap of the kernel is a shift of the whole picture.

With pictures as long rows (_rows.py) row k of im2col's columns is the picture itself from s[k] on, so

    conv2d         Y[f, t]  = sum_k W[f, k] X[s[k] + t]            k = (c, ky, kx)
    conv2d_input   dX[c, q] = sum_k W[f, k] dY[f, q - s[k]]        k = (f, ky, kx)
    conv2d_weight  dW[f, k] = sum_t dY[f, t] X[s[k] + t]

are products of small matrices with a long contiguous axis, t or q, that fills the vector units. In dx and dw
zeros are multiplied where the definition has no term: an infinity or a NaN may spread further there.

Gained over the same products with im2col, in pieces that fit the cache: half the time and more on LeNet-5's
layers, where laying out the columns took longer than multiplying them.
"""

import numpy as np
from numba import prange

from tinyconv.backend import Array
from tinyconv.geometry import Window

from ._numba import REORDERED, inner, parallel, plain, takes
from ._rows import grid_of, in_four, in_fours, offsets, taps

CHUNKS = 16  # of pictures, shared out among the threads; how many decides the bits of dw, so it is fixed
EVERY_PIXEL = (1, 1, 0, 0)


def conv2d(x: Array, w: Array, b: Array | None, window: Window) -> Array:
    if not takes(x, w, b):
        return NotImplemented
    (N, _, H, W), (F, CG, _, _), G = x.shape, w.shape, window.groups
    grid = grid_of(window, H, W)
    y = np.empty((N, F, *window.out(H, W)), x.dtype)
    b = np.zeros(F, x.dtype) if b is None else plain(b)
    _forward(y, plain(x), in_fours(w.reshape(G, F // G, -1)), b, offsets(window, grid, CG), grid)
    return y


def conv2d_input(dy: Array, w: Array, window: Window, shape: tuple[int, ...]) -> Array:
    if not takes(dy, w):
        return NotImplemented
    (F, CG, KH, KW), G = w.shape, window.groups
    grid = grid_of(window, *shape[2:])
    dx, dy = np.empty(shape, dy.dtype), plain(dy)
    wt = w.reshape(G, F // G, CG, KH * KW).swapaxes(1, 2)
    phases, shifts = taps(window, grid)
    for phase in range(grid.SH * grid.SW):
        here = phases == phase
        s = in_fours(np.arange(F // G)[:, None] * grid.pitch + grid.reach - shifts[here], F // G * grid.pitch)
        _input(dx, dy, in_fours(wt[..., here].reshape(G, CG, -1)), s, phase, grid)
    return dx


def conv2d_weight(dy: Array, x: Array, window: Window) -> Array:
    if not takes(dy, x):
        return NotImplemented
    F, C, G, (KH, KW) = dy.shape[1], x.shape[1], window.groups, window.size
    FG, K = F // G, C // G * KH * KW
    grid = grid_of(window, *x.shape[2:])
    chunks = max(1, min(CHUNKS, len(x), 2**24 // (F * K)))  # each has its own dw: 64 MB of float32 in all
    dw = np.zeros((chunks, G, in_four(FG), in_four(K)), dy.dtype)
    _weight(dw, plain(dy), plain(x), offsets(window, grid, C // G), grid)
    return dw.sum(0)[:, :FG, :K].reshape(F, C // G, KH, KW)


# ---------------------------------------------------------------- the three passes


@parallel
def _forward(y, x, w, b, s, grid):
    N = len(x)
    chunks = min(CHUNKS, N)
    for i in prange(chunks):
        _forward_chunk(y, x, w, b, s, grid, N * i // chunks, N * (i + 1) // chunks)


@inner
def _forward_chunk(y, x, w, b, s, grid, n0, n1):
    G, M, _ = w.shape
    CG, FG = x.shape[1] // G, y.shape[1] // G
    xs = np.zeros((CG * grid.SH * grid.SW + 1, grid.pitch), x.dtype)
    ys = np.zeros((M, grid.pitch), x.dtype)
    for n in range(n0, n1, grid.pictures):
        end = min(n + grid.pictures, n1)
        for g in range(G):
            _read_phases(xs, x, n, end, g * CG, CG, grid)
            for f in range(FG):
                ys[f] = b[g * FG + f]
            _multiply(ys, w[g], xs.reshape(-1), s, (end - n) * grid.Hq * grid.Wq - grid.reach)
            for f in range(FG):
                _copy_lines(ys[f], 0, y, n, end, g * FG + f, EVERY_PIXEL, grid, False)


@parallel
def _input(dx, dy, wt, s, phase, grid):
    N = len(dy)
    chunks = min(CHUNKS, N)
    for i in prange(chunks):
        _input_chunk(dx, dy, wt, s, phase, grid, N * i // chunks, N * (i + 1) // chunks)


@inner
def _input_chunk(dx, dy, wt, s, phase, grid, n0, n1):
    G, M, _ = wt.shape
    CG, FG = dx.shape[1] // G, dy.shape[1] // G
    place = _place(phase, grid)
    dys = np.zeros((FG + 1, grid.pitch), dx.dtype)
    dxs = np.zeros((M, grid.pitch), dx.dtype)
    for n in range(n0, n1, grid.pictures):
        end = min(n + grid.pictures, n1)
        for g in range(G):
            for f in range(FG):
                _copy_lines(dys[f], grid.reach, dy, n, end, g * FG + f, EVERY_PIXEL, grid, True)
            dxs[:] = 0
            _multiply(dxs, wt[g], dys.reshape(-1), s, (end - n) * grid.Hq * grid.Wq)
            for c in range(CG):
                _copy_lines(dxs[c], 0, dx, n, end, g * CG + c, place, grid, False)


@parallel
def _weight(dw, dy, x, s, grid):
    N, chunks = len(x), len(dw)
    for i in prange(chunks):
        _weight_chunk(dw[i], dy, x, s, grid, N * i // chunks, N * (i + 1) // chunks)


@inner
def _weight_chunk(dw, dy, x, s, grid, n0, n1):
    G, M, _ = dw.shape
    CG, FG = x.shape[1] // G, dy.shape[1] // G
    xs = np.zeros((CG * grid.SH * grid.SW + 1, grid.pitch), x.dtype)
    dys = np.zeros((M, grid.pitch), x.dtype)
    for n in range(n0, n1, grid.pictures):
        end = min(n + grid.pictures, n1)
        for g in range(G):
            _read_phases(xs, x, n, end, g * CG, CG, grid)
            for f in range(FG):
                _copy_lines(dys[f], 0, dy, n, end, g * FG + f, EVERY_PIXEL, grid, True)
            _multiply_transposed(dw[g], dys, xs.reshape(-1), s, (end - n) * grid.Hq * grid.Wq - grid.reach)


# ---------------------------------------------------------------- products, four by four


@inner(fastmath=REORDERED)
def _multiply(y, w, x, s, T):
    """y[m, t] += sum_k w[m, k] x[s[k] + t]: sixteen w in registers, vectors along t."""
    M, K = w.shape
    for t0 in range(0, T, 1024):  # four rows of this length stay in the first cache
        n = min(1024, T - t0)
        for m in range(0, M, 4):
            y0, y1, y2, y3 = y[m, t0:], y[m + 1, t0:], y[m + 2, t0:], y[m + 3, t0:]
            for k in range(0, K, 4):
                w00, w01, w02, w03 = w[m, k], w[m, k + 1], w[m, k + 2], w[m, k + 3]
                w10, w11, w12, w13 = w[m + 1, k], w[m + 1, k + 1], w[m + 1, k + 2], w[m + 1, k + 3]
                w20, w21, w22, w23 = w[m + 2, k], w[m + 2, k + 1], w[m + 2, k + 2], w[m + 2, k + 3]
                w30, w31, w32, w33 = w[m + 3, k], w[m + 3, k + 1], w[m + 3, k + 2], w[m + 3, k + 3]
                x0, x1, x2, x3 = x[s[k] + t0 :], x[s[k + 1] + t0 :], x[s[k + 2] + t0 :], x[s[k + 3] + t0 :]
                for t in range(n):
                    a, b, c, d = x0[t], x1[t], x2[t], x3[t]  # now: for all LLVM knows, y is the same memory
                    y0[t] += w00 * a + w01 * b + w02 * c + w03 * d
                    y1[t] += w10 * a + w11 * b + w12 * c + w13 * d
                    y2[t] += w20 * a + w21 * b + w22 * c + w23 * d
                    y3[t] += w30 * a + w31 * b + w32 * c + w33 * d


@inner(fastmath=REORDERED)
def _multiply_transposed(w, y, x, s, T):
    """w[m, k] += sum_t y[m, t] x[s[k] + t]: sixteen sums in registers, vectors along t."""
    M, K = w.shape
    for t0 in range(0, T, 1024):
        n = min(1024, T - t0)
        for k in range(0, K, 4):
            x0, x1, x2, x3 = x[s[k] + t0 :], x[s[k + 1] + t0 :], x[s[k + 2] + t0 :], x[s[k + 3] + t0 :]
            for m in range(0, M, 4):
                y0, y1, y2, y3 = y[m, t0:], y[m + 1, t0:], y[m + 2, t0:], y[m + 3, t0:]
                w00 = w01 = w02 = w03 = w10 = w11 = w12 = w13 = w.dtype.type(0)
                w20 = w21 = w22 = w23 = w30 = w31 = w32 = w33 = w.dtype.type(0)
                for t in range(n):
                    a, b, c, d = x0[t], x1[t], x2[t], x3[t]
                    e, f, g, h = y0[t], y1[t], y2[t], y3[t]
                    w00, w01, w02, w03 = w00 + e * a, w01 + e * b, w02 + e * c, w03 + e * d
                    w10, w11, w12, w13 = w10 + f * a, w11 + f * b, w12 + f * c, w13 + f * d
                    w20, w21, w22, w23 = w20 + g * a, w21 + g * b, w22 + g * c, w23 + g * d
                    w30, w31, w32, w33 = w30 + h * a, w31 + h * b, w32 + h * c, w33 + h * d
                for j, sums in enumerate(((w00, w10, w20, w30), (w01, w11, w21, w31))):
                    for i in range(4):
                        w[m + i, k + j] += sums[i]
                for j, sums in enumerate(((w02, w12, w22, w32), (w03, w13, w23, w33))):
                    for i in range(4):
                        w[m + i, k + 2 + j] += sums[i]


# ---------------------------------------------------------------- between pictures and rows


@inner
def _place(phase, grid):
    """Line qy, pixel qx of a phase is pixel (qy*SH + y0, qx*SW + x0) of the picture."""
    return grid.SH, grid.SW, phase // grid.SW - grid.top, phase % grid.SW - grid.left


@inner
def _read_phases(rows, x, n, end, c0, C, grid):
    """Rows (c, phase) from the pictures n to end; the border in the rows is 0 from the beginning."""
    phases = grid.SH * grid.SW
    for i in range(C * phases):
        _copy_lines(rows[i], 0, x, n, end, c0 + i // phases, _place(i % phases, grid), grid, True)


@inner
def _copy_lines(row, start, x, n, end, c, place, grid, reading):
    """To a row, from `start` on, the pixels inside channel c of the pictures n to end; or from it to them."""
    (SH, SW, y0, x0), (_, C, H, W) = place, x.shape
    pixels = x.reshape(-1)
    first = min(max(-(x0 // SW), 0), grid.Wq)
    inside = max(0, min(grid.Wq, (W - 1 - x0) // SW + 1) - first)
    for i in range(n, end):
        for qy in range(grid.Hq):
            iy = qy * SH + y0
            if 0 <= iy < H:
                at = start + ((i - n) * grid.Hq + qy) * grid.Wq + first
                pixel = ((i * C + c) * H + iy) * W + first * SW + x0
                if reading:
                    _copy(row, at, 1, pixels, pixel, SW, inside)
                else:
                    _copy(pixels, pixel, SW, row, at, 1, inside)


@inner
def _copy(into, i, i_step, out_of, j, j_step, n):
    """With unsigned indices, which Numba need not test for counting from the end: so LLVM makes vectors."""
    for k in range(n):
        into[np.uintp(i + k * i_step)] = out_of[np.uintp(j + k * j_step)]
