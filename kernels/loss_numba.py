"""Losses compiled for the CPU: a row of logits stays in the nearest cache from its largest to its probabilities."""

import numpy as np

from tinyconv.backend import Array
from tinyconv.memory import empty

from ._bits import bits_of, float_of
from ._exp_numba import exp_down
from ._layout import plain
from ._numba import REORDERED, inner, shared, takes
from ._team import share_out


def cross_entropy_labels(x: Array, labels: Array) -> tuple[Array, Array]:
    if x.dtype != np.float32:
        return NotImplemented
    loss, p = np.empty(len(x), x.dtype), empty(x.shape, x.dtype)
    _forward(len(x), loss, p, plain(x), plain(labels.astype(np.int64, copy=False)))
    return loss, p


def cross_entropy_labels_input(dloss: Array, p: Array, labels: Array) -> Array:
    if not takes(dloss, p):
        return NotImplemented
    dx = empty(p.shape, p.dtype)
    _backward(len(p), dx, plain(dloss), plain(p), plain(labels.astype(np.int64, copy=False)))
    return dx


@shared
def _forward(items, *arguments):
    share_out(_forward_row, items, arguments)


@inner
def _forward_row(n, thread, loss, p, x, labels):
    top = _largest(x[n])
    total = _exponentials(p[n], x[n], top)
    loss[n] = np.log(total) - (x[n, labels[n]] - top)
    _scale(p[n], p[n], x.dtype.type(1) / total)


@inner
def _largest(x):
    """Of whole numbers in the same order as x: the largest of floats is found one by one, because of NaN."""
    top = np.int32(-(2**31))
    for k in range(len(x)):
        value = _mirrored(bits_of(x[k]))
        top = value if value > top else top
    return float_of(_mirrored(top))


@inner
def _mirrored(bits):
    """The bits of a negative float turned over but for the sign; and back."""
    return np.int32(bits ^ ((bits >> np.int32(31)) & np.int32(0x7FFFFFFF)))


@inner(fastmath=REORDERED)
def _exponentials(e, x, top):
    total = x.dtype.type(0)
    for k in range(len(x)):
        v = exp_down(x[k] - top)
        e[k] = v
        total += v
    return total


@inner
def _scale(y, x, a):
    for k in range(len(x)):
        y[k] = a * x[k]


@shared
def _backward(items, *arguments):
    share_out(_backward_row, items, arguments)


@inner
def _backward_row(n, thread, dx, dloss, p, labels):
    _scale(dx[n], p[n], dloss[n])
    dx[n, labels[n]] -= dloss[n]
