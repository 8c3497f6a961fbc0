"""Compiled: the lines of pictures laid out as the rows of _lines.py. All places are addresses, all sizes bytes."""

from ._dots import fill, move, move_one
from ._llvm import VECTOR_BYTES
from ._numba import inner


@inner
def lay_out(row, x, x_size, strides, n, c0, grid, tables, line, count, zero):
    """The rows of a band, from the address `row` on. Vectors run over a line's end, into what is written next."""
    size, OW = grid.size, grid.OW
    sn, sc, sy, sx = strides
    count += grid.reach
    x_end = x + x_size * size - VECTOR_BYTES
    for c in range(grid.C):
        for column in range(grid.columns):
            x0 = tables[column]
            left, right = _inside(x0, grid.SW, grid.W, OW)
            for phase in range(grid.phases):
                y0 = tables[grid.columns + phase] + line * grid.SH
                top, bottom = _inside(y0, grid.SH, grid.H, count)
                if left == right:
                    top = bottom = count
                fill_bytes(row, top * OW * size, zero)
                to = row + top * OW * size
                pixel = x + (n * sn + (c0 + c) * sc + (y0 + top * grid.SH) * sy + (x0 + left * grid.SW) * sx) * size
                for _ in range(top, bottom):
                    fill_bytes(to, left * size, zero)
                    if grid.SW * sx == 1 and pixel + (right - left) * size <= x_end:
                        copy_bytes(to + left * size, pixel, (right - left) * size, zero)
                    else:
                        copy_each(to + left * size, size, pixel, grid.SW * sx * size, right - left, zero)
                    fill_bytes(to + right * size, (OW - right) * size, zero)
                    to += OW * size
                    pixel += grid.SH * sy * size
                fill_bytes(to, (count - bottom) * OW * size + VECTOR_BYTES, zero)  # and what dw multiplies by zeros
                row += grid.pitch * size


@inner
def _inside(first, step, size, n):
    """Of n places from `first` on, a step apart, which are from 0 to size: from, to."""
    begin = min(max(-(first // step), 0), n)
    return begin, max(begin, min((size - 1 - first) // step + 1, n))


# In bytes, or a few more; a range with such a step would take a division, longer than all of it.


@inner
def fill_bytes(to, size, zero):
    end = to + size
    while to < end:
        fill(to, zero)
        to += VECTOR_BYTES


@inner
def copy_bytes(to, source, size, like):
    end = to + size
    while to < end:
        move(to, source, like)
        to += VECTOR_BYTES
        source += VECTOR_BYTES


@inner
def copy_each(to, to_step, source, step, n, like):
    """n numbers, so many bytes apart."""
    for _ in range(n):
        move_one(to, source, like)
        to += to_step
        source += step
