"""What the compiled passes of rows_numba.py are told: a row of numbers, with the plan (_lines.py) at its end."""

import numpy as np

from tinyconv.backend import Array

from ._lines import Grid, Spread
from ._llvm import VECTOR_BYTES

HEAD = 20  # numbers before those of the plan
GRID, SPREAD = len(Grid._fields), len(Spread._fields)
SPARE = 4 * VECTOR_BYTES  # bytes after rows: tiles may run over their end


def pixels_of(x: Array) -> tuple[Array, tuple[int, int, int, int]]:
    """The array, NCHW or channels-last as it is and else copied, and its strides in elements."""
    N, C, H, W = x.shape
    if not x.flags.c_contiguous and x.transpose(0, 2, 3, 1).flags.c_contiguous:
        return x, (H * W * C, 1, W * C, C)
    return np.ascontiguousarray(x), (C * H * W, H * W, W, 1)


def job_of(head: list, numbers: Array) -> Array:
    """Arrays, which become their addresses, and numbers; then the numbers of a plan."""
    job = np.empty(HEAD + len(numbers), np.int64)
    job[: len(head)] = [n.ctypes.data if isinstance(n, np.ndarray) else n for n in head]
    job[HEAD:] = numbers
    return job
