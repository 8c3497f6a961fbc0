"""How long arrays are, in loops: one number after the other."""

import numpy as np

from tinyconv.backend import Array


def vector_norms(a: list[Array]) -> Array:
    squares = np.zeros(len(a))
    for i, array in enumerate(a):
        for at in np.ndindex(array.shape):
            squares[i] += float(array[at]) ** 2
    return np.sqrt(squares).astype(a[0].dtype)
