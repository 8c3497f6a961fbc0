"""Compiled: a product with pixels as lanes, of any size, from tiles of the micro-kernel."""

from ._llvm import VECTOR_BYTES, on_its_own
from ._micro import make_tile

# Tiles of 24 sums, beside vectors of pixels and one of weights, in 32 registers (AVX-512); of 12 and 8 in 16.
SIX, EIGHT = ((6, 4), (8, 3)) if VECTOR_BYTES == 64 else ((6, 2), (8, 1))
six, six1 = make_tile(*SIX, table=True), make_tile(6, 1, table=True)
eight, eight1 = make_tile(*EIGHT, table=True), make_tile(8, 1, table=True)


def tile_for(rows: int) -> tuple[int, int]:
    """The tile that computes fewer rows in vain."""
    return EIGHT if -(-rows // 8) * 8 <= -(-rows // 6) * 6 else SIX


@on_its_own
def product(c, ldc, start, lds, a, rs, cs, b, taps, K, F, T, exact, R, width, size, floor):
    """F rows and T pixels, in tiles of R rows and `width` vectors.

    exact  the last vector computes again what is there, to touch nothing beyond
    size   of an element, in bytes
    """
    lanes, t = VECTOR_BYTES // size, 0
    while t < T:
        wide = t + width * lanes <= T
        if exact and not wide:
            t = min(t, T - lanes)
        for f in range(0, F, R):
            f = max(0, min(f, F - R))
            to, source, first, row = c + (f * ldc + t) * size, b + t * size, start + f * lds * size, a + f * rs * size
            if R == 8 and wide:
                eight(to, ldc, first, lds, row, rs, cs, source, taps, K, floor)
            elif R == 8:
                eight1(to, ldc, first, lds, row, rs, cs, source, taps, K, floor)
            elif wide:
                six(to, ldc, first, lds, row, rs, cs, source, taps, K, floor)
            else:
                six1(to, ldc, first, lds, row, rs, cs, source, taps, K, floor)
        t += width * lanes if wide else lanes
