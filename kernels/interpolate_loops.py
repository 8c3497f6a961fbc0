"""Resampling, one number after the other."""

import numpy as np

from tinyconv.backend import Array


def resample(x: Array, weights: np.ndarray, axis: int) -> Array:
    OH, H = weights.shape
    y = np.zeros((*x.shape[:axis], OH, *x.shape[axis + 1 :]), x.dtype)
    for place in np.ndindex(*y.shape):
        before, o, after = place[:axis], place[axis], place[axis + 1 :]
        for i in range(H):
            if weights[o, i] != 0:
                y[place] += x.dtype.type(weights[o, i]) * x[(*before, i, *after)]
    return y
