"""Arrays in the order in which their elements lie in memory, so that compiled loops are over plain rows.

An activation (N, C, H, W) lies in memory as written, or channels-last: as (N, H, W, C). Elementwise kernels
go through either from end to end; what they are given in another order is copied, once.
"""

from __future__ import annotations

import numpy as np

from tinyconv.backend import Array, array_module

Order = tuple[int, ...]


def order_of(x: Array) -> Order:
    """The axes of x from the longest step in memory to the shortest: the order of `memory.empty_like(x)`."""
    if x.flags.c_contiguous:
        return tuple(range(x.ndim))
    return tuple(sorted(range(x.ndim), key=lambda axis: -x.strides[axis]))


def flat(x: Array, order: Order | None = None) -> Array:
    """The elements as one row, in x's own order of axes or in that of another array; copied only if need be.

    y = empty_like(x); flat(y) and flat(a, order_of(x)) go together element by element, for any a of x's shape.
    """
    return plain(x.transpose(order_of(x) if order is None else order)).reshape(-1)


def is_channels_last(x: Array) -> bool:
    """Do the channels of a picture's pixel lie side by side? (Of one channel or one pixel: no more than the rest.)"""
    return x.ndim == 4 and not x.flags.c_contiguous and x.transpose(0, 2, 3, 1).flags.c_contiguous


def pixels(x: Array) -> Array:
    """(N, C, H, W), in any order in memory -> (N, H, W, C), C-contiguous"""
    return plain(x.transpose(0, 2, 3, 1))


def plain(x: Array) -> Array:
    """x C-contiguous, aligned and writeable, copied if it is not: one compiled version serves all."""
    if isinstance(x, np.ndarray):
        return x if x.flags.carray else np.require(x, None, ["C", "A", "W"])
    return x if x.flags.c_contiguous else array_module(x).ascontiguousarray(x)
