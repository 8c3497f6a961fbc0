"""silu compiled for the CPU: one pass in the order of memory, whatever the layout. float64 is left to NumPy."""

import numpy as np

from tinyconv.backend import Array
from tinyconv.memory import empty_like

from . import _exp_numba
from ._layout import flat, order_of
from ._numba import inner, shared, takes
from ._parts import bounds, parted
from ._team import share_out


def silu(x: Array) -> Array:
    if x.dtype != np.float32:
        return NotImplemented
    y = empty_like(x)
    _silu(*parted(x.size), flat(y), flat(x))
    return y


def silu_input(dy: Array, x: Array) -> Array:
    if x.dtype != np.float32 or not takes(dy, x):
        return NotImplemented
    dx = empty_like(x)
    _silu_input(*parted(dx.size), flat(dx), flat(dy, order_of(x)), flat(x))
    return dx


@shared
def _silu(parts, *arguments):
    share_out(_silu_part, parts, arguments)


@inner
def _silu_part(part, thread, parts, y, x):
    begin, end = bounds(part, parts, x.size)
    for i in range(begin, end):
        y[i] = x[i] * _exp_numba.sigmoid(x[i])


@shared
def _silu_input(parts, *arguments):
    share_out(_silu_input_part, parts, arguments)


@inner
def _silu_input_part(part, thread, parts, dx, dy, x):
    one = x.dtype.type(1)
    begin, end = bounds(part, parts, x.size)
    for i in range(begin, end):
        s = _exp_numba.sigmoid(x[i])
        dx[i] = dy[i] * s * (one + x[i] * (one - s))
