"""Products of matrices on the CPU by the micro-kernel, so that no other library's threads compete for the cores.

B is laid out in panels, for some hundred k at a time. A unit of work is a block of rows of the result, often all of
its columns: its rows of A are brought together in the cache, and pass by the panels.
"""

import numpy as np

from tinyconv.backend import Array
from tinyconv.memory import empty

from ._layout import plain
from ._llvm import VECTOR_BYTES, lanes
from ._micro import ROWS
from ._numba import inner, most_threads, shared, takes
from ._product import copy, edge_size, filled, multiply, pack, transpose
from ._team import share_out

DEPTH = 512  # k at a time: a panel of them stays in the first cache, or close to it
ITEMS = 16  # of work, at least: whatever the number of threads


def matmul(a: Array, b: Array) -> Array:
    if not takes(a, b) or a.ndim < 2 or b.ndim < 2:
        return NotImplemented
    if a.ndim == b.ndim == 2:
        return product(a, b)
    if b.ndim == 2:  # one matrix for all: more rows
        return product(a.reshape(-1, a.shape[-1]), b).reshape(*a.shape[:-1], b.shape[-1])
    leading = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    y = empty((*leading, a.shape[-2], b.shape[-1]), a.dtype)
    a, b = (np.broadcast_to(matrix, (*leading, *matrix.shape[-2:])) for matrix in (a, b))
    for place in np.ndindex(*leading):
        y[place] = product(a[place], b[place])
    return y


def product(a: Array, b: Array, bias: Array | None = None, relu: bool = False) -> Array:
    """y = a b + bias, at least 0 if relu        a (M, K), b (K, N) of any strides, y (M, N) C-contiguous"""
    (M, K), N = a.shape, b.shape[1]
    y = empty((M, N), a.dtype)
    if not M * N * K:
        y[...] = 0 if bias is None else bias
        return y
    a, a_steps = _flat(a)
    b, b_steps = _flat(b)
    wide = 2 * lanes(y.dtype)
    depth, across = min(K, DEPTH), filled(N, wide)
    rows, columns = min(filled(M, ROWS), 9 * ROWS), across
    # Too few rows, or too little of B, to lay it out in memory first: each unit does so for its own columns.
    few = M <= 4 * ROWS or (M <= 9 * ROWS and K * N <= 2**17)
    if few:
        columns = wide * max(1, min(4, across // (wide * ITEMS)))
    else:
        rows = max(2 * ROWS, min(rows, filled(-(-M // ITEMS), ROWS)))
        while columns > 4 * wide and -(-M // rows) * -(-N // columns) < ITEMS:
            columns = filled(columns // 2, wide)
    pitch = filled(depth, wide) + wide // 2  # no power of two, of which few places in the cache would be used
    size = rows * pitch + edge_size(depth, wide) + (depth * columns if few else 0)
    scratch = empty((most_threads(), size), y.dtype)
    panels = scratch[0] if few else empty((K * across,), y.dtype)
    if not few:
        _pack(-(-K // depth) * (across // wide), panels, b, b_steps, (K, N, depth))
    bias = np.zeros(N, y.dtype) if bias is None else plain(bias)
    floor = y.dtype.type(0 if relu else -np.inf)
    block = rows, columns, depth, pitch
    blocks = -(-M // rows) * -(-N // columns)
    _product(blocks, y.reshape(-1), a, a_steps, b, b_steps, panels, few, bias, (M, K, N), block, floor, scratch)
    return y


def _flat(a: Array) -> tuple[Array, tuple[int, int]]:
    """A matrix as a row of elements, and the steps there from one row and one column to the next."""
    if a.flags.c_contiguous:
        return plain(a).reshape(-1), (a.shape[1], 1)
    return plain(a.T).reshape(-1), (1, a.shape[0])


@shared
def _pack(items, *arguments):
    share_out(_pack_panel, items, arguments)


@inner
def _pack_panel(i, thread, panels, b, b_steps, sizes):
    """One panel of B, for one depth; all panels of a depth lie together."""
    K, N, depth = sizes
    wide = 2 * VECTOR_BYTES // panels.itemsize
    pieces = (N + wide - 1) // wide
    k0, v = i // pieces * depth, i % pieces * wide
    k = min(depth, K - k0)
    b0 = k0 * b_steps[0] + v * b_steps[1]
    pack(panels, k0 * pieces * wide + v * k, b, b0, b_steps[0], b_steps[1], k, min(wide, N - v))


@shared
def _product(blocks, *arguments):
    share_out(_block, blocks, arguments)


@inner
def _block(i, thread, y, a, a_steps, b, b_steps, panels, few, bias, sizes, block, floor, scratch):
    M, K, N = sizes
    rows, columns, depth, pitch = block
    wide = 2 * VECTOR_BYTES // y.itemsize
    down = (M + rows - 1) // rows
    m0, n0 = i % down * rows, i // down * columns
    m, n = min(rows, M - m0), min(columns, N - n0)
    block_of_a, edge = scratch[thread], scratch[thread, rows * pitch :]
    y0 = m0 * N + n0
    for k0 in range(0, K, depth):
        k = min(depth, K - k0)
        _pack_rows(block_of_a, pitch, a, m0 * a_steps[0] + k0 * a_steps[1], a_steps[0], a_steps[1], m, k)
        if few:
            p, p0 = edge[ROWS * (depth + wide) :], 0
            pack(p, 0, b, k0 * b_steps[0] + n0 * b_steps[1], b_steps[0], b_steps[1], k, n)
        else:
            p, p0 = panels, k0 * ((N + wide - 1) // wide * wide) + n0 * k
        bound = floor if k0 + k == K else y.dtype.type(-np.inf)
        start, s0, lds = (y, y0, N) if k0 else (bias, n0, 0)
        multiply(y, y0, N, start, s0, lds, block_of_a, 0, pitch, p, p0, m, n, k, bound, edge)


@inner
def _pack_rows(block, pitch, a, a0, rs, cs, M, K):
    """block[i*pitch + k] = a[a0 + i*rs + k*cs]; rs or cs is 1"""
    if cs == 1:
        for i in range(M):
            copy(block, i * pitch, a, a0 + i * rs, K)
    else:
        transpose(block, 0, pitch, a, a0, cs, K, M)
