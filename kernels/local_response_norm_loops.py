"""Local response normalisation in loops: one number after the other."""

import numpy as np

from tinyconv.backend import Array


def local_response_norm(x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    y = np.empty_like(x)
    for n, c, *place in np.ndindex(x.shape):
        here = x[(n, slice(None), *place)]  # (C,)
        y[(n, c, *place)] = here[c] * _s(here, c, size, alpha, k) ** -beta
    return y


def local_response_norm_input(dy: Array, x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    dx = np.empty_like(dy)
    for n, c, *place in np.ndindex(x.shape):
        line = (n, slice(None), *place)
        here, dy_here = x[line], dy[line]
        total = 0
        for d in range(max(0, c - (size - 1) // 2), min(len(here), c + size // 2 + 1)):  # c is in the window of d
            total += dy_here[d] * here[d] * _s(here, d, size, alpha, k) ** (-beta - 1)
        s = _s(here, c, size, alpha, k)
        dx[(n, c, *place)] = dy_here[c] * s**-beta - 2 * alpha * beta / size * here[c] * total
    return dx


def _s(here, c, size, alpha, k):
    """k + alpha/size sum x[c']^2 at one place, over the window of channel c"""
    window = range(max(0, c - size // 2), min(len(here), c + (size - 1) // 2 + 1))
    return k + alpha / size * sum(here[d] * here[d] for d in window)
