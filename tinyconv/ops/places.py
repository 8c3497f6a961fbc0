"""Numbers fetched from places in memory, and brought back to them: the gradients of pooling by places.

A place is an element's position in the flattened tensor, in row-major order; -1 is none.
"""

from __future__ import annotations

import tinyconv.kernels as kernels
from tinyconv.backend import Array, array_module
from tinyconv.tensor import Tensor, array_of, record

Shape = tuple[int, ...]


def from_places(x: Tensor, place: Array) -> Tensor:
    """y = x[place], 0 where there is no place,   dx = zeros with dy added at the places"""
    X, place = x.shape, array_of(place)
    return record(
        "from_places", kernels.from_places(x.data, place), (x, lambda dy: to_places(dy, place, X)), place=place
    )


def to_places(y: Tensor, place: Array, shape: Shape) -> Tensor:
    """x = zeros of `shape` with each y added at its place; the adjoint of from_places"""
    place = array_of(place)
    x = kernels.to_places(y.data, place, shape)
    return record("to_places", x, (y, lambda dx: from_places(dx, place)), place=place)


def in_batch(winner: Array, shape: Shape) -> Array:
    """Places iy*W + ix in a plane, (N, C, ...), as places in the whole of a tensor of `shape` (N, C, H, W)."""
    N, C, H, W = shape
    plane = array_module(winner).arange(N * C).reshape(N, C, 1, 1)
    return plane * (H * W) + winner
