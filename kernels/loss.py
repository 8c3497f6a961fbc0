"""Losses that are worth a pass of their own."""

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


@kernel
def cross_entropy_labels(x: Array, labels: Array) -> tuple[Array, Array]:
    """loss[n] = ln sum_j e^x[n,j] - x[n,labels[n]],   p[n,k] = e^x[n,k] / sum_j e^x[n,j]

    logits x (N, K), labels (N,)   ->   loss (N,), p (N, K). As cross_entropy, with t = 1 at the label alone.
    """
    xp = array_module(x)
    z = x - largest(x, 1)
    e = xp.exp(z)
    total = e.sum(1, keepdims=True)
    return xp.log(total[:, 0]) - z[xp.arange(len(x)), labels], e / total


@kernel
def cross_entropy_labels_input(dloss: Array, p: Array, labels: Array) -> Array:
    """dx[n,k] = dloss[n] (p[n,k] - t[n,k]),   t[n,k] = 1 where k is n's label

    dloss (N,), p (N, K), labels (N,)   ->   dx (N, K)
    """
    dx = dloss[:, None] * p
    dx[array_module(p).arange(len(p)), labels] -= dloss
    return dx
