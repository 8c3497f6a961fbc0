"""The arrays of many parameters, for kernels that go through all of them in one launch.

A table goes along by value, among the arguments, of which there may be 4096 bytes: it has room for 48 tensors.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from tinyconv.backend import Array

from ._cuda import Launcher, Program
from ._layout import flat, order_of

Arrays = list[Array]

TENSORS = 48
PIECE = 4096  # elements for a block; both numbers stand in _prelude.cu too
DTYPE = np.dtype(
    [("address", "u8", (5, TENSORS)), ("n", "i8", TENSORS), ("own", "f8", (2, TENSORS)), ("first", "i4", TENSORS + 1)],
    align=True,
)


def launch(
    kernel: Launcher,
    program: Program,
    tensors: list[Arrays],
    read: list[Arrays],
    own: Sequence[Sequence[float]],
    *more: object,
) -> object:
    """kernel(table, *more), a block for each piece of a tensor; NotImplemented where the arrays do not allow it.

    tensors  lists of arrays that are changed, the parameters first: w, and what is remembered of each
    read     lists of arrays that are only read: the gradients
    own      up to two rows of numbers, one for each parameter
    """
    if not program.takes(*[a for some in (*tensors, *read) for a in some]):
        return NotImplemented
    for table, blocks, keep in tables(tensors, read, own):
        if table is None:
            return NotImplemented
        kernel.on(blocks, 256, table, *more, dtype=keep[0].dtype)
    return None


def tables(
    tensors: list[Arrays], read: list[Arrays], own: Sequence[Sequence[float]]
) -> Iterator[tuple[np.ndarray | None, int, Arrays]]:
    """The table for each 48 parameters, how many blocks it takes, and the arrays that it has addresses of."""
    whole = [i for i, w in enumerate(tensors[0]) if w.size]
    if not all(_fits(tensors, i) for i in whole):
        yield None, 0, []
        return
    for start in range(0, len(whole), TENSORS):
        table, keep, blocks = np.zeros(1, DTYPE), [], 0
        for k, i in enumerate(whole[start : start + TENSORS]):
            order = order_of(tensors[0][i])
            arrays = [tensors[0][i], *[flat(some[i], order) for some in read], *[some[i] for some in tensors[1:]]]
            keep += arrays
            table["address"][0, : len(arrays), k] = [a.data.ptr for a in arrays]
            table["n"][0, k] = arrays[0].size
            for row, numbers in enumerate(own):
                table["own"][0, row, k] = numbers[i]
            table["first"][0, k] = blocks
            blocks += -(-arrays[0].size // PIECE)
        table["first"][0, k + 1 :] = blocks
        yield table, blocks, keep


def _fits(tensors: list[Arrays], i: int) -> bool:
    """Does each array of parameter i fill its memory, all in the same order?"""
    order = order_of(tensors[0][i])
    return all(some[i].transpose(order).flags.c_contiguous for some in tensors)
