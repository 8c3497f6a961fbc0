"""How long the arrays of many parameters are, in CUDA."""

import numpy as np

from tinyconv.backend import Array, array_module

from ._cuda import Program
from ._layout import plain
from ._table_cuda import TENSORS, tables

program = Program("vector_norms")
_squares, _norms = program.kernel("squares"), program.kernel("norms")


def vector_norms(a: list[Array]) -> Array:
    if not program.takes(*a) or not all(x.size for x in a):
        return NotImplemented
    xp, dtype = array_module(a[0]), a[0].dtype
    y = xp.empty(len(a), dtype)
    everything = tables([[plain(x) for x in a]], [], [])
    for start, (table, blocks, _) in zip(range(0, len(a), TENSORS), everything, strict=True):
        partial = xp.empty(blocks, np.float64)
        _squares.on(blocks, 256, table, partial, dtype=dtype)
        _norms.on(min(len(a) - start, TENSORS), 32, table, y, partial, start, dtype=dtype)
    return y
