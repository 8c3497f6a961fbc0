"""Products of matrices of any size out of the micro-kernel's tiles, for compiled code.

B comes in panels: as many columns as a tile is wide, each panel's rows one after the other, filled up with zeros.

    panels    0 1 2 ... 31 | 32 ... 63 | 64 .. 79, 0
              k = 0, 1, ...   k = 0, ...   k = 0, ...
"""

import numpy as np

from ._llvm import VECTOR_BYTES
from ._micro import ROWS, tile2
from ._moves import at, clear_bytes, copy_bytes, copy_vectors, transpose_block
from ._numba import inner


def filled(n: int, unit: int) -> int:
    """n filled up to whole units."""
    return -(-n // unit) * unit


def edge_size(K: int, wide: int) -> int:
    """The scratch of `multiply`: the rows of A and the tile of C where tiles reach over the edges of C."""
    return ROWS * (K + wide)


@inner
def multiply(c, c0, ldc, start, start0, lds, a, a0, pitch, panels, p0, M, N, K, floor, edge):
    """C[i, v] = max(floor, S[i, v] + sum_k A[i, k] B[k, v])        i < M, v < N, k < K

    C, S, A are c[c0 + i*ldc + v], start[start0 + i*lds + v] and a[a0 + i*pitch + k]; B's panels begin at p0.
    start may be c itself (add to it), or one row for all i, a bias (lds = 0).
    """
    wide = 2 * VECTOR_BYTES // c.itemsize
    t0 = ROWS * K  # the tile in edge, behind the rows of A
    for v in range(0, N, wide):
        n = min(wide, N - v)
        b = at(panels, p0 + v * K)
        for i in range(0, M, ROWS):
            m = min(ROWS, M - i)
            ci, si, ai = c0 + i * ldc + v, start0 + i * lds + v, a0 + i * pitch
            rows, step = at(a, ai), pitch
            if m < ROWS:
                for r in range(m):
                    copy(edge, r * K, a, ai + r * pitch, K)
                rows, step = at(edge, 0), K
            if m == ROWS and n == wide:
                to, ldt, from_, lds_ = at(c, ci), ldc, at(start, si), lds
            else:
                for r in range(m):
                    copy(edge, t0 + r * wide, start, si + r * lds, n)
                to, ldt, from_, lds_ = at(edge, t0), wide, at(edge, t0), wide
            tile2(to, ldt, from_, lds_, rows, step, 1, b, wide, K, floor)
            if m < ROWS or n < wide:
                for r in range(m):
                    copy(c, ci + r * ldc, edge, t0 + r * wide, n)


@inner
def pack(panels, p0, b, b0, rs, cs, K, N):
    """Panels, from p0 on, of B[k, v] = b[b0 + k*rs + v*cs]; rs or cs is 1."""
    wide = 2 * VECTOR_BYTES // panels.itemsize
    if cs == 1:  # a row of B after the other, as they lie in memory
        for k in range(K):
            for v in range(0, N, wide):
                p, n = p0 + v * K + k * wide, min(wide, N - v)
                if n == wide:
                    copy_vectors(at(panels, p), at(b, b0 + k * rs + v), n, panels.dtype.type(0))
                else:
                    copy(panels, p, b, b0 + k * rs + v, n)
                    clear(panels, p + n, p + wide)
    else:
        for v in range(0, N, wide):
            p, n = p0 + v * K, min(wide, N - v)
            transpose(panels, p, wide, b, b0 + v * cs, cs, n, K)
            for k in range(K if n < wide else 0):
                clear(panels, p + k * wide + n, p + (k + 1) * wide)


@inner
def transpose(to, t0, to_step, source, s0, source_step, M, N):
    """to[t0 + j*to_step + i] = source[s0 + i*source_step + j]        i < M, j < N: in squares, the rest singly"""
    lanes = VECTOR_BYTES // to.itemsize
    m, n = M // lanes * lanes, N // lanes * lanes
    for i in range(0, m, lanes):
        for j in range(0, n, lanes):
            square, turned = at(source, s0 + i * source_step + j), at(to, t0 + j * to_step + i)
            transpose_block(turned, to_step, square, source_step, to.dtype.type(0))
    for i in range(M):
        for j in range(n if i < m else 0, N):
            to[np.uintp(t0 + j * to_step + i)] = source[np.uintp(s0 + i * source_step + j)]


@inner
def copy(into, i, out_of, j, n):
    """The C library's function: a loop would become many vector loops, compiled anew wherever it is used."""
    copy_bytes(at(into, i), at(out_of, j), n * into.itemsize)


@inner
def clear(into, i, j):
    """Zeros from i to before j."""
    clear_bytes(at(into, i), (j - i) * into.itemsize)
