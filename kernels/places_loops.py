"""Numbers fetched from places in memory and brought back, one after the other."""

import numpy as np

from tinyconv.backend import Array


def from_places(x: Array, place: Array) -> Array:
    y = np.zeros(place.shape, x.dtype)
    for i in np.ndindex(place.shape):
        if place[i] >= 0:
            y[i] = x[np.unravel_index(place[i], x.shape)]
    return y


def to_places(y: Array, place: Array, shape: tuple[int, ...]) -> Array:
    x = np.zeros(shape, y.dtype)
    for i in np.ndindex(place.shape):
        if place[i] >= 0:
            x[np.unravel_index(place[i], shape)] += y[i]
    return x
