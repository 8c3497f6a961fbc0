"""Losses in CUDA: a warp for each row of logits."""

from tinyconv.backend import Array, array_module

from ._cuda import Program
from ._layout import plain

program = Program("loss")
_cross_entropy = program.kernel("cross_entropy")
_cross_entropy_labels = program.kernel("cross_entropy_labels")
_cross_entropy_labels_input = program.kernel("cross_entropy_labels_input")


def cross_entropy(x: Array, t: Array) -> tuple[Array, Array]:
    if not program.takes(x, t):
        return NotImplemented
    loss, p = _results(x)
    _cross_entropy.rows(*x.shape, loss, p, plain(x), plain(t))
    return loss, p


def cross_entropy_labels(x: Array, labels: Array) -> tuple[Array, Array]:
    if not program.takes(x):
        return NotImplemented
    loss, p = _results(x)
    _cross_entropy_labels.rows(*x.shape, loss, p, plain(x), _whole(labels))
    return loss, p


def cross_entropy_labels_input(dloss: Array, p: Array, labels: Array) -> Array:
    if not program.takes(dloss, p):
        return NotImplemented
    dx = array_module(p).empty(p.shape, p.dtype)
    _cross_entropy_labels_input.rows(*p.shape, dx, plain(dloss), plain(p), _whole(labels))
    return dx


def _results(x: Array) -> tuple[Array, Array]:
    xp = array_module(x)
    return xp.empty(len(x), x.dtype), xp.empty(x.shape, x.dtype)


def _whole(labels: Array) -> Array:
    return plain(labels.astype("int64", copy=False))
