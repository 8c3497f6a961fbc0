"""Local response normalisation."""

from __future__ import annotations

import tinyconv.kernels as kernels
from tinyconv.errors import ShapeError
from tinyconv.geometry import whole
from tinyconv.tape import is_grad_enabled
from tinyconv.tensor import Operand, Tensor, record

from .arguments import floating, number
from .pad import pad


def local_response_norm(input: Operand, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """y[c] = x[c] s[c]^-beta,   s[c] = k + alpha/size sum x[c']^2,   c' from c - size//2 to c + (size-1)//2

    dx[c] = dy[c] s[c]^-beta - 2 alpha beta/size x[c] sum of dy[c'] x[c'] s[c']^(-beta-1) over the c' that see c

    input x (N, C, ...), at every place for itself; there are zeros beyond the first and the last channel.
    alpha is divided by size, as in PyTorch and Caffe. Krizhevsky, Sutskever and Hinton 2012, "ImageNet
    Classification with Deep Convolutional Neural Networks", section 3.3, do not divide: their k = 2, n = 5,
    alpha = 1e-4, beta = 0.75 is  size=5, alpha=5e-4, beta=0.75, k=2  here.
    Raises ShapeError; ArgumentError for alpha or k below 0.
    """
    name, x = "local_response_norm", floating(input)
    if x.ndim < 3 or x.shape[1] == 0:
        raise ShapeError(name, f"input has shape {x.shape}; it must be (N, C, L), (N, C, H, W) or longer.")
    size = whole(name, "size", size, least=1)
    alpha, beta = number(name, "alpha", alpha, least=0), number(name, "beta", beta)
    k = number(name, "k", k, least=0)

    def rule(dy: Tensor) -> Tensor:
        if is_grad_enabled():
            return _gradient(dy, x, size, alpha, beta, k)
        return Tensor(kernels.local_response_norm_input(dy.data, x.data, size, alpha, beta, k))

    y = kernels.local_response_norm(x.data, size, alpha, beta, k)
    return record(name, y, (x, rule), size=size, alpha=alpha, beta=beta, k=k)


def _gradient(dy: Tensor, x: Tensor, size: int, alpha: float, beta: float, k: float) -> Tensor:
    """What kernels.local_response_norm_input computes, in operations, and so differentiable once more."""
    before, after = size // 2, (size - 1) // 2
    s = k + alpha / size * _window_sums(x * x, before, after)
    t = dy * x * s ** (-beta - 1)
    return dy * s**-beta - (2 * alpha * beta / size) * x * _window_sums(t, after, before)


def _window_sums(x: Tensor, before: int, after: int) -> Tensor:
    """y[c] = sum x[c'],   c' from c - before to c + after"""
    C = x.shape[1]
    before, after = min(before, C - 1), min(after, C - 1)
    bordered = pad(x, [0, 0] * (x.ndim - 2) + [before, after])
    y = bordered[:, :C]
    for j in range(1, before + after + 1):
        y = y + bordered[:, j : j + C]
    return y
