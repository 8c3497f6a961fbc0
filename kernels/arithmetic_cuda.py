"""Sums of whole arrays in CUDA."""

from tinyconv.backend import Array
from tinyconv.memory import empty_like

from ._cuda import Program
from ._layout import flat, order_of

program = Program("arithmetic")
_add = program.kernel("add")


def add(a: Array, b: Array) -> Array:
    if not program.takes(a, b):
        return NotImplemented
    y = empty_like(a)
    _add(a.size, flat(y), flat(a), flat(b, order_of(a)))
    return y
