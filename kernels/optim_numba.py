"""What optimisers do to parameters, compiled for the CPU: all parameters of a group in one launch.

A net has many small parameters, each with three to five arrays. Compiled code gets one table with the
addresses of them all, cut into chunks that the threads share out; it reads and writes every array where it lies.
"""

from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic

from ._layout import flat, order_of
from ._numba import inner, shared, takes
from ._team import share_out
from .optim import Arrays

CHUNK = 16384  # elements


def sgd(
    w: Arrays,
    g: Arrays,
    v: Arrays | None,
    gain: list[float],
    lr: float,
    momentum: float,
    weight_decay: float,
    nesterov: bool,
) -> Any:
    table = _Table(w, g, [v or w])
    if not table.fits:
        return NotImplemented
    numbers = np.array([lr, momentum, weight_decay, nesterov], table.dtype)
    _sgd(len(table.chunks), table.addresses, table.chunks, np.array(gain, table.dtype), numbers, v is not None)
    return None


def adam(
    w: Arrays,
    g: Arrays,
    m: Arrays,
    v: Arrays,
    v_max: Arrays | None,
    t: list[int],
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
) -> Any:
    table = _Table(w, g, [m, v, v_max or v])
    if not table.fits:
        return NotImplemented
    b1, b2 = betas
    corrections = np.array([(1 - b1**step, 1 - b2**step) for step in t], table.dtype)
    numbers = np.array([lr, 1 - b1, 1 - b2, eps, weight_decay], table.dtype)
    _adam(len(table.chunks), table.addresses, table.chunks, corrections, numbers, v_max is not None)
    return None


def adadelta(w: Arrays, g: Arrays, s: Arrays, u: Arrays, lr: float, rho: float, eps: float, weight_decay: float) -> Any:
    table = _Table(w, g, [s, u])
    if not table.fits:
        return NotImplemented
    _adadelta(len(table.chunks), table.addresses, table.chunks, np.array([lr, 1 - rho, eps, weight_decay], table.dtype))
    return None


class _Table:
    """Where the arrays of all parameters are, and how the work is cut up.

    addresses  (parameters, arrays)
    chunks     (chunks, 3): which parameter, its first element, how many
    fits       are they all float32 or all float64, and each parameter's arrays dense and in one order?
    """

    def __init__(self, w: Arrays, g: Arrays, memories: list[Arrays]):
        self.dtype = w[0].dtype
        everything = [*w, *g, *[a for memory in memories for a in memory]]
        self.fits = takes(*everything) and all(isinstance(a, np.ndarray) for a in everything)
        self.rows: list[Arrays] = []  # keeps copies of gradients alive until the launch is over
        for i, array in enumerate(w if self.fits else []):
            order = order_of(array)
            changed = [array, *[memory[i] for memory in memories]]
            self.fits &= all(a.transpose(order).flags.carray for a in changed)
            self.rows.append([array, flat(g[i], order), *changed[1:]])
        self.addresses = np.array([[a.__array_interface__["data"][0] for a in row] for row in self.rows])
        chunks = [(i, first, min(CHUNK, a.size - first)) for i, a in enumerate(w) for first in range(0, a.size, CHUNK)]
        self.chunks = np.array(chunks, np.int64).reshape(-1, 3)


@intrinsic
def _pointer(typing_context, address):
    """A number as a pointer."""

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), generate


@inner
def _array(addresses, i, first, size, like):
    """Elements from `first` on of the array at addresses[i]."""
    return numba.carray(_pointer(addresses[i] + first * like.itemsize), size, like.dtype)


@shared
def _sgd(items, *arguments):
    share_out(_sgd_chunk, items, arguments)


@inner
def _sgd_chunk(k, thread, addresses, chunks, gain, numbers, has_momentum):
    i, first, n = chunks[k, 0], chunks[k, 1], chunks[k, 2]
    w, g = _array(addresses[i], 0, first, n, numbers), _array(addresses[i], 1, first, n, numbers)
    if has_momentum:
        _momentum(w, g, _array(addresses[i], 2, first, n, numbers), gain[i], numbers)
    else:
        _descend(w, g, numbers)


@inner
def _descend(w, g, numbers):
    lr, weight_decay = numbers[0], numbers[2]
    for j in range(len(w)):
        d = g[j] + weight_decay * w[j] if weight_decay else g[j]
        w[j] -= lr * d


@inner
def _momentum(w, g, v, gain, numbers):
    lr, momentum, weight_decay, nesterov = numbers[0], numbers[1], numbers[2], numbers[3]
    for j in range(len(w)):
        d = g[j] + weight_decay * w[j] if weight_decay else g[j]
        v[j] = momentum * v[j] + gain * d
        w[j] -= lr * (d + momentum * v[j] if nesterov else v[j])


@shared
def _adam(items, *arguments):
    share_out(_adam_chunk, items, arguments)


@inner
def _adam_chunk(k, thread, addresses, chunks, corrections, numbers, amsgrad):
    i, first, n = chunks[k, 0], chunks[k, 1], chunks[k, 2]
    w, g = _array(addresses[i], 0, first, n, numbers), _array(addresses[i], 1, first, n, numbers)
    m, v = _array(addresses[i], 2, first, n, numbers), _array(addresses[i], 3, first, n, numbers)
    _moments(w, g, m, v, numbers)
    if amsgrad:
        v_max = _array(addresses[i], 4, first, n, numbers)
        _keep_largest(v_max, v)
        _step(w, m, v_max, corrections[i], numbers)
    else:
        _step(w, m, v, corrections[i], numbers)


@inner
def _moments(w, g, m, v, numbers):
    c1, c2, weight_decay = numbers[1], numbers[2], numbers[4]
    for j in range(len(w)):
        d = g[j] + weight_decay * w[j] if weight_decay else g[j]
        m[j] += c1 * (d - m[j])
        v[j] += c2 * (d * d - v[j])


@inner
def _keep_largest(v_max, v):
    for j in range(len(v)):
        v_max[j] = v_max[j] if v[j] <= v_max[j] else v[j]


@inner
def _step(w, m, v, corrections, numbers):
    lr, eps = numbers[0], numbers[3]
    c1, c2 = corrections[0], corrections[1]
    for j in range(len(w)):
        w[j] -= lr * (m[j] / c1) / (np.sqrt(v[j] / c2) + eps)


@shared
def _adadelta(items, *arguments):
    share_out(_adadelta_chunk, items, arguments)


@inner
def _adadelta_chunk(k, thread, addresses, chunks, numbers):
    i, first, n = chunks[k, 0], chunks[k, 1], chunks[k, 2]
    w, g = _array(addresses[i], 0, first, n, numbers), _array(addresses[i], 1, first, n, numbers)
    s, u = _array(addresses[i], 2, first, n, numbers), _array(addresses[i], 3, first, n, numbers)
    _adadelta_step(w, g, s, u, numbers)


@inner
def _adadelta_step(w, g, s, u, numbers):
    lr, c, eps, weight_decay = numbers[0], numbers[1], numbers[2], numbers[3]
    for j in range(len(w)):
        d = g[j] + weight_decay * w[j] if weight_decay else g[j]
        s[j] += c * (d * d - s[j])
        d = d * np.sqrt(u[j] + eps) / np.sqrt(s[j] + eps)
        u[j] += c * (d * d - u[j])
        w[j] -= lr * d
