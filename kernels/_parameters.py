"""The arrays of many parameters, for compiled code that goes through all of them in one launch.

A net has many small parameters, each with three to five arrays. Compiled code gets one table with the
addresses of them all, cut into chunks that the threads share out; it reads and writes every array where it lies.
"""

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic

from ._layout import flat, order_of
from ._numba import inner, takes
from .optim import Arrays

CHUNK = 16384  # elements


class Table:
    """Where the arrays of all parameters are, and how the work is cut up.

    addresses  (parameters, arrays)
    chunks     (chunks, 3): which parameter, its first element, how many
    fits       are they all float32 or all float64, and each parameter's arrays dense and in one order?
    """

    def __init__(self, w: Arrays, g: Arrays, memories: list[Arrays]):
        self.dtype = w[0].dtype
        everything = [*w, *g, *[a for memory in memories for a in memory]]
        self.fits = takes(*everything) and all(isinstance(a, np.ndarray) for a in everything)
        self.rows: list[Arrays] = []  # keeps copies of gradients alive until the launch is over
        for i, array in enumerate(w if self.fits else []):
            order = order_of(array)
            changed = [array, *[memory[i] for memory in memories]]
            self.fits &= all(a.transpose(order).flags.carray for a in changed)
            self.rows.append([array, flat(g[i], order), *changed[1:]])
        self.addresses = np.array([[a.__array_interface__["data"][0] for a in row] for row in self.rows])
        chunks = [(i, first, min(CHUNK, a.size - first)) for i, a in enumerate(w) for first in range(0, a.size, CHUNK)]
        self.chunks = np.array(chunks, np.int64).reshape(-1, 3)


@intrinsic
def _pointer(typing_context, address):
    """A number as a pointer."""

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), generate


@inner
def array(addresses, i, first, size, like):
    """Elements from `first` on of the array at addresses[i]."""
    return numba.carray(_pointer(addresses[i] + first * like.itemsize), size, like.dtype)
