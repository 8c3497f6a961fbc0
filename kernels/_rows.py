"""Pictures as long rows, in which each tap of a convolution's kernel is one shift.

Write a padded picture line after line into one row, Wq pixels a line. At stride 1, output t = oy*Wq + ox
reads pixel t + ky*DH*Wq + kx*DW for the tap (ky, kx), whatever t is. What lies between OW and Wq is computed
in vain. Stride S splits the picture into SH*SW phases, every S-th line and pixel; each tap reads one phase.
"""

from typing import NamedTuple

import numpy as np

from tinyconv.backend import Array
from tinyconv.geometry import Window


class Grid(NamedTuple):
    """The measures of pictures as long rows, for compiled code."""

    SH: int
    SW: int
    top: int
    left: int
    Hq: int  # lines of one phase of a padded picture
    Wq: int  # pixels of one line
    pictures: int  # one after the other in a row: several if they are small
    reach: int  # the largest shift of a tap
    pitch: int  # from one row to the next


def grid_of(window: Window, H: int, W: int) -> Grid:
    (SH, SW), (DH, DW), (KH, KW) = window.stride, window.dilation, window.size
    (top, bottom), (left, right) = window.padding
    Hq, Wq = -(-(top + H + bottom) // SH), -(-(left + W + right) // SW)
    pictures = max(1, 128 // (Hq * Wq))
    reach = (KH - 1) * DH // SH * Wq + (KW - 1) * DW // SW
    # An odd number of 128-byte lines: rows a power of two apart would share few places of the cache.
    pitch = (-(-(reach + pictures * Hq * Wq) // 32) | 1) * 32
    return Grid(SH, SW, top, left, Hq, Wq, pictures, reach, pitch)


def taps(window: Window, grid: Grid) -> tuple[Array, Array]:
    """For each (ky, kx): the phase that it reads, and its shift there."""
    KH, KW = window.size
    ky, kx = np.divmod(np.arange(KH * KW), KW)
    DH, DW = window.dilation
    (qy, py), (qx, px) = np.divmod(ky * DH, grid.SH), np.divmod(kx * DW, grid.SW)
    return py * grid.SW + px, qy * grid.Wq + qx


def offsets(window: Window, grid: Grid, C: int) -> Array:
    """s[k] for k = (c, ky, kx), into the rows (c, phase); k added to make fours read a last row of zeros."""
    phases, shifts = taps(window, grid)
    rows = np.arange(C)[:, None] * (grid.SH * grid.SW) + phases
    return in_fours(rows * grid.pitch + shifts, C * grid.SH * grid.SW * grid.pitch)


def in_four(n: int) -> int:
    """n rounded up to a multiple of four, so that the products need no code for remainders."""
    return -(-n // 4) * 4


def in_fours(a: Array, fill: int = 0) -> Array:
    """Matrices (G, M, K) filled up to multiples of four; or offsets, flattened."""
    if a.ndim < 3:
        return np.pad(a.reshape(-1), (0, in_four(a.size) - a.size), constant_values=fill)
    G, M, K = a.shape
    b = np.zeros((G, in_four(M), in_four(K)), a.dtype)
    b[:, :M, :K] = a
    return b
