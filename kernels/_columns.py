"""im2col for a few output rows at a time, in scratch that stays in the cache; pictures are channels-last.

A row of columns here is what one output pixel reads, (ky, kx, c), so that channels lie side by side.
"""

from typing import NamedTuple

from tinyconv.backend import Array
from tinyconv.geometry import Window

from ._llvm import lanes
from ._micro import ROWS
from ._moves import at, copy_vectors
from ._numba import inner
from ._product import clear, copy, filled

CACHE = 3 * 2**17  # bytes of columns that leave room for the filters in a second cache of 1 MB
ITEMS = 16  # of work, at least: fixed, so that sums are the same whatever the number of threads


class Slide(NamedTuple):
    """How a window slides over a picture, for compiled code; and where its outputs go."""

    KH: int
    KW: int
    SH: int
    SW: int
    DH: int
    DW: int
    top: int
    left: int
    OH: int  # rows and columns of outputs
    OW: int
    G: int
    CG: int  # channels of a group
    rows: int  # rows of outputs in a unit
    KY: int  # rows of the window whose columns are laid out at a time
    pitch: int  # from one row of columns to the next
    line: int  # a padded line of the picture, with room to read beyond its end
    is_pixel: bool  # a 1x1 window that reads every pixel once, in order
    # Output (oy, ox) is pixel (oy*SY + y0, ox*SX + x0) of the result.
    SY: int = 1
    SX: int = 1
    y0: int = 0
    x0: int = 0


def slide_of(window: Window, x: Array, N: int, OH: int, OW: int, beside: int = 0, place: tuple[int, ...] = ()) -> Slide:
    """beside: elements that share the cache with each row of columns."""
    (KH, KW), (SH, SW), (DH, DW), G = window.size, window.stride, window.dilation, window.groups
    (top, _), (left, _) = window.padding
    CG, spare = x.shape[1] // G, lanes(x.dtype)
    KY = KH if KH * KW * CG <= 1024 else 1
    pitch = filled(KY * KW * CG + spare - 1, spare)
    line = ((OW - 1) * SW + (KW - 1) * DW + 1) * CG + spare
    rows = _rows_of_a_unit(N * OH, OW, CACHE // ((pitch + beside) * x.itemsize))
    is_pixel = window == Window((1, 1), dilation=window.dilation, groups=G) and x.shape[2:] == (OH, OW)
    return Slide(KH, KW, SH, SW, DH, DW, top, left, OH, OW, G, CG, rows, KY, pitch, line, is_pixel, *place)


def _rows_of_a_unit(lines: int, OW: int, pixels: int) -> int:
    """Many, but no more than fit; of which the tiles waste little: the last tile of a unit is partly empty."""
    most = min(lines // 4, pixels // max(OW, 1), 4 * ROWS)
    return max(range(1, most + 1), key=lambda n: (round(n * OW / filled(n * OW, ROWS), 1), n), default=1)


@inner
def columns(cols, x, r0, r1, ky0, g, slide, line, readable):
    """cols[p, (ky, kx, c)] for the pixels p of output rows r0 to r1, KY rows of the window, the channels of group g.

    Returned are the array where they are, where they begin, and the pitch: for a 1x1 window x itself does, unless
    so much is read beyond the last column that it would be beyond the end of x.
    """
    N, H, W, C = x.shape
    CG, OW = slide.CG, slide.OW
    if slide.is_pixel and readable:
        return x.reshape(-1), r0 * OW * C + g * CG, C
    zero = x.dtype.type(0)
    run = slide.KW * CG if slide.DW == 1 else CG  # what lies side by side in a line
    width = (OW - 1) * slide.SW + (slide.KW - 1) * slide.DW + 1
    first, last = min(max(0, slide.left), width), max(0, min(width, W + slide.left))
    for r in range(r0, r1):
        n, oy = r // slide.OH, r % slide.OH
        for ky in range(ky0, ky0 + slide.KY):
            iy = oy * slide.SH + ky * slide.DH - slide.top
            inside = 0 <= iy < H
            begin, end = (first, last) if inside else (width, width)
            clear(line, 0, begin * CG)
            if CG == C and begin < end:
                copy(line, begin * C, x[n, iy].reshape(-1), (begin - slide.left) * C, (end - begin) * C)
            elif begin < end:
                for j in range(begin, end):
                    copy(line, j * CG, x[n, iy, j - slide.left], g * CG, CG)
            clear(line, end * CG, width * CG)
            p = (r - r0) * OW * slide.pitch + (ky - ky0) * slide.KW * CG
            for ox in range(OW):
                for kx in range(0, slide.KW * CG, run):
                    pixel = ox * slide.SW * CG + kx * slide.DW
                    copy_vectors(at(cols, p + ox * slide.pitch + kx), at(line, pixel), run, zero)
    return cols, 0, slide.pitch
