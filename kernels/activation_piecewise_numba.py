"""relu6 compiled for the CPU: one pass in the order of memory, whatever the layout."""

from tinyconv.backend import Array
from tinyconv.memory import empty_like

from ._layout import flat, order_of
from ._numba import inner, shared, takes
from ._parts import bounds, parted
from ._team import share_out


def relu6(x: Array) -> Array:
    if not takes(x):
        return NotImplemented
    y = empty_like(x)
    _relu6(*parted(x.size), flat(y), flat(x))
    return y


def relu6_input(dy: Array, y: Array) -> Array:
    if not takes(dy, y):
        return NotImplemented
    dx = empty_like(y)
    _relu6_input(*parted(dx.size), flat(dx), flat(dy, order_of(y)), flat(y))
    return dx


@shared
def _relu6(parts, *arguments):
    share_out(_relu6_part, parts, arguments)


@inner
def _relu6_part(part, thread, parts, y, x):
    zero, six = x.dtype.type(0), x.dtype.type(6)
    begin, end = bounds(part, parts, x.size)
    for i in range(begin, end):
        v = zero if x[i] <= zero else x[i]  # NaN is neither <= 0 nor >= 6, and stays
        y[i] = six if v >= six else v


@shared
def _relu6_input(parts, *arguments):
    share_out(_relu6_input_part, parts, arguments)


@inner
def _relu6_input_part(part, thread, parts, dx, dy, y):
    zero, six = y.dtype.type(0), y.dtype.type(6)
    begin, end = bounds(part, parts, y.size)
    for i in range(begin, end):
        dx[i] = dy[i] if zero < y[i] and y[i] < six else zero
