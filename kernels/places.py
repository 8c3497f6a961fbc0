"""Numbers fetched from places in memory, and brought back to them: how gradients find the winners of a pooling.

A place is an element's position in the flattened array, in row-major order: ((n*C + c)*H + iy)*W + ix; -1 is none.
"""

from tinyconv.backend import Array, array_module

from . import kernel


@kernel
def from_places(x: Array, place: Array) -> Array:
    """y = x[place], 0 where there is no place; of place's shape"""
    xp = array_module(x)
    some = place >= 0
    y = xp.zeros(place.shape, x.dtype)
    y[some] = x.reshape(-1)[place[some]]
    return y


@kernel
def to_places(y: Array, place: Array, shape: tuple[int, ...]) -> Array:
    """x = zeros of `shape` with each y added at its place; the adjoint of from_places"""
    xp = array_module(y)
    x = xp.zeros(shape, y.dtype)
    some = place >= 0
    xp.add.at(x.reshape(-1), place[some], y[some])
    return x
