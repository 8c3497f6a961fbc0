"""Losses that are worth one pass of their own."""

from tinyconv.backend import Array, array_module

from . import kernel
from .activation import largest


@kernel
def cross_entropy(x: Array, t: Array) -> tuple[Array, Array]:
    """loss[n] = sum_k t[n,k] (ln sum_j e^x[n,j] - x[n,k]),   p[n,k] = e^x[n,k] / sum_j e^x[n,j]

    logits x, targets t (N, K)   ->   loss (N,), p (N, K). Where t = 0 a class adds nothing, even if x = -inf.
    """
    xp = array_module(x)
    z = x - largest(x, 1)  # cancels in both results, and e^z cannot overflow
    e = xp.exp(z)
    total = e.sum(1, keepdims=True)
    surprise = xp.where(t == 0, 0, xp.log(total) - z)
    return (t * surprise).sum(1), e / total
