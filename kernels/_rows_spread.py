"""Compiled: the gradient of a convolution with respect to its input, pixels as lanes.

    P[k, t] = sum_f W[f, k] dY[f, t]        k = (c, ky, kx): what tap k owes to the pixel that it read for output t

is added to the picture tap by tap, shifted. So nothing is multiplied but what the definition multiplies.
"""

from numba.np.unsafe.ndarray import to_fixed_tuple

from ._dots import add_one, add_some
from ._lay_out import copy_bytes, copy_each, fill_bytes
from ._lines import MORE, Grid, Spread
from ._llvm import VECTOR_BYTES
from ._moves import at
from ._numba import inner, shared
from ._rows_job import GRID, HEAD, SPARE, SPREAD
from ._rows_product import product
from ._team import share_out


@shared
def spread_out(chunks, *arguments):
    share_out(_spread, chunks, arguments)


@inner
def _spread(chunk, thread, job, units, chunks, zero, floor):
    """A part of the blocks of channels of all pictures."""
    grid, spread = Grid(*to_fixed_tuple(job[HEAD:], GRID)), Spread(*to_fixed_tuple(job[HEAD + GRID :], SPREAD))
    dx, dy, sn, sf, st, w, R, width = job[0], job[1], job[2], job[3], job[4], job[5], job[8], job[9]
    begins = at(job, HEAD + GRID + SPREAD)
    size, F, OW, pitch, taps = grid.size, grid.F, grid.OW, spread.pitch, spread.KH * spread.KW
    picture = job[6] + job[7] * thread
    products = picture + spread.channels * spread.PH * spread.PW * size + SPARE
    rows = products + (spread.channels * taps + MORE) * pitch * size
    for unit in range(units * chunk // chunks, units * (chunk + 1) // chunks):
        ng, c0 = unit // spread.blocks, unit % spread.blocks * spread.channels
        n, g = ng // grid.G, ng % grid.G
        C = min(spread.channels, grid.C - c0)
        a = w + (g * F * (grid.K + MORE) + c0 * taps) * size
        fill_bytes(picture, C * spread.PH * spread.PW * size, zero)
        for line in range(0, grid.OH, spread.band):
            T = min(spread.band, grid.OH - line) * OW
            b, table = dy + (n * sn + g * F * sf + line * OW * st) * size, begins
            exact = st == 1 and T * size >= VECTOR_BYTES
            if not exact:
                for f in range(F):
                    copy_each(rows + f * pitch * size, size, b + f * sf * size, st * size, T, zero)
                b, table = rows, begins + F * 8
            product(products, pitch, 0, 0, a, 1, grid.K + MORE, b, table, F, C * taps, T, exact, R, width, size, floor)
            _add(picture, products, C, line, T // OW, grid, spread, zero)
        to, plane = dx + (ng * grid.C + c0) * grid.H * grid.W * size, spread.PH * spread.PW
        last = to + C * grid.H * grid.W * size - VECTOR_BYTES  # where whole vectors may still be written
        for c in range(C):
            source = picture + (c * plane + spread.top * spread.PW + spread.left) * size
            for _ in range(grid.H):
                if to + grid.W * size <= last:
                    copy_bytes(to, source, grid.W * size, zero)
                else:
                    copy_each(to, size, source, size, grid.W, zero)
                to += grid.W * size
                source += spread.PW * size


@inner
def _add(picture, products, C, line, count, grid, spread, like):
    """Each tap's products onto the pixels that it read."""
    size, lanes, source = grid.size, VECTOR_BYTES // grid.size, products
    for k in range(C * spread.KH * spread.KW):
        c, ky, kx = k // (spread.KH * spread.KW), k // spread.KW % spread.KH, k % spread.KW
        to = picture + ((c * spread.PH + line * grid.SH + ky * spread.DH) * spread.PW + kx * spread.DW) * size
        for oy in range(count):
            here = source + oy * grid.OW * size
            if grid.SW == 1:
                ox = 0
                while ox < grid.OW:
                    add_some(to + ox * size, here + ox * size, grid.OW - ox, like)
                    ox += lanes
            else:
                for ox in range(grid.OW):
                    add_one(to + ox * grid.SW * size, here + ox * size, like)
            to += grid.SH * spread.PW * size
        source += spread.pitch * size
