"""Mixing, one pixel after the other."""

import numpy as np

from tinyconv.backend import Array

from .colour import white_of


def mix_pictures(x: Array, partner: np.ndarray, share: float) -> Array:
    y = np.empty(x.shape, np.float32 if x.dtype == np.uint8 else x.dtype)
    for n, c, i, j in np.ndindex(x.shape):
        a, b = float(x[n, c, i, j]), float(x[partner[n], c, i, j])
        y[n, c, i, j] = (share * a + (1 - share) * b) / white_of(x)
    return y
