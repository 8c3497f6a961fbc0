"""Standardising, one pixel after the other."""

import math

import numpy as np

from tinyconv.backend import Array

from .colour import white_of


def standardize(x: Array) -> Array:
    N, *picture = x.shape
    P = math.prod(picture)
    y = np.empty(x.shape, np.float32 if x.dtype == np.uint8 else x.dtype)
    for n in range(N):
        values = [float(v) / white_of(x) for v in x[n].ravel()]
        mean = sum(values) / P
        std = math.sqrt(sum((v - mean) ** 2 for v in values) / P)
        y[n] = np.reshape([(v - mean) / max(std, 1 / math.sqrt(P)) for v in values], picture)
    return y
