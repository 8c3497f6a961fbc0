"""Local response normalisation, across channels."""

from tinyconv.backend import Array, array_module

from . import kernel


@kernel
def local_response_norm(x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    """y[c] = x[c] s[c]^-beta,   s[c] = k + alpha/size sum x[c']^2,   c' from c - size//2 to c + (size-1)//2

    x (N, C, ...)   ->   y (N, C, ...); beyond the first and the last channel there are zeros
    """
    return x * _s(x, size, alpha, k) ** -beta


@kernel
def local_response_norm_input(dy: Array, x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    """dx[c] = dy[c] s[c]^-beta - 2 alpha beta/size x[c] sum t[c'],   t[c] = dy[c] x[c] s[c]^(-beta - 1)

    over the channels c' in whose sums x[c] is: from c - (size-1)//2 to c + size//2
    """
    s = _s(x, size, alpha, k)
    p = s**-beta
    t = dy * x * p / s
    return dy * p - 2 * alpha * beta / size * x * _window_sums(t, (size - 1) // 2, size // 2)


def _s(x: Array, size: int, alpha: float, k: float) -> Array:
    return k + alpha / size * _window_sums(x * x, size // 2, (size - 1) // 2)


def _window_sums(a: Array, before: int, after: int) -> Array:
    """y[c] = sum a[c'],   c' from c - before to c + after"""
    C = a.shape[1]
    y = array_module(a).zeros_like(a)
    for j in range(max(-before, 1 - C), min(after, C - 1) + 1):
        y[:, max(0, -j) : C - max(0, j)] += a[:, max(0, j) : C - max(0, -j)]
    return y
