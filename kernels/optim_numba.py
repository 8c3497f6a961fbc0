"""What optimisers do to parameters, compiled for the CPU: all parameters of a group in one launch."""

from typing import Any

import numpy as np

from ._numba import inner, shared
from ._parameters import Table, array
from ._team import share_out
from .optim import Arrays


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
    table = Table(w, g, [v or w])
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
    decoupled: bool,
) -> Any:
    table = Table(w, g, [m, v, v_max or v])
    if not table.fits:
        return NotImplemented
    b1, b2 = betas
    corrections = np.array([(1 - b1**step, 1 - b2**step) for step in t], table.dtype)
    penalty, kept = (0, 1 - lr * weight_decay) if decoupled else (weight_decay, 1)
    numbers = np.array([lr, 1 - b1, 1 - b2, eps, penalty, kept], table.dtype)
    _adam(len(table.chunks), table.addresses, table.chunks, corrections, numbers, v_max is not None)
    return None


def adadelta(w: Arrays, g: Arrays, s: Arrays, u: Arrays, lr: float, rho: float, eps: float, weight_decay: float) -> Any:
    table = Table(w, g, [s, u])
    if not table.fits:
        return NotImplemented
    _adadelta(len(table.chunks), table.addresses, table.chunks, np.array([lr, 1 - rho, eps, weight_decay], table.dtype))
    return None


def adagrad(w: Arrays, g: Arrays, s: Arrays, rate: list[float], eps: float, weight_decay: float) -> Any:
    table = Table(w, g, [s])
    if not table.fits:
        return NotImplemented
    numbers = np.array([eps, weight_decay], table.dtype)
    _adagrad(len(table.chunks), table.addresses, table.chunks, np.array(rate, table.dtype), numbers)
    return None


def rmsprop(
    w: Arrays,
    g: Arrays,
    s: Arrays,
    m: Arrays | None,
    v: Arrays | None,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
) -> Any:
    table = Table(w, g, [s, m or s, v or s])
    if not table.fits:
        return NotImplemented
    numbers = np.array([lr, 1 - alpha, eps, weight_decay, momentum], table.dtype)
    _rmsprop(len(table.chunks), table.addresses, table.chunks, numbers, m is not None, v is not None)
    return None


@shared
def _sgd(items, *arguments):
    share_out(_sgd_chunk, items, arguments)


@inner
def _sgd_chunk(k, thread, addresses, chunks, gain, numbers, has_momentum):
    i, first, n = chunks[k, 0], chunks[k, 1], chunks[k, 2]
    w, g = array(addresses[i], 0, first, n, numbers), array(addresses[i], 1, first, n, numbers)
    if has_momentum:
        _momentum(w, g, array(addresses[i], 2, first, n, numbers), gain[i], numbers)
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
    w, g = array(addresses[i], 0, first, n, numbers), array(addresses[i], 1, first, n, numbers)
    m, v = array(addresses[i], 2, first, n, numbers), array(addresses[i], 3, first, n, numbers)
    _moments(w, g, m, v, numbers)
    if amsgrad:
        v_max = array(addresses[i], 4, first, n, numbers)
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
    lr, eps, kept = numbers[0], numbers[3], numbers[5]
    c1, c2 = corrections[0], corrections[1]
    for j in range(len(w)):
        w[j] = kept * w[j] - lr * (m[j] / c1) / (np.sqrt(v[j] / c2) + eps)


@shared
def _adadelta(items, *arguments):
    share_out(_adadelta_chunk, items, arguments)


@inner
def _adadelta_chunk(k, thread, addresses, chunks, numbers):
    i, first, n = chunks[k, 0], chunks[k, 1], chunks[k, 2]
    w, g = array(addresses[i], 0, first, n, numbers), array(addresses[i], 1, first, n, numbers)
    s, u = array(addresses[i], 2, first, n, numbers), array(addresses[i], 3, first, n, numbers)
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


@shared
def _adagrad(items, *arguments):
    share_out(_adagrad_chunk, items, arguments)


@inner
def _adagrad_chunk(k, thread, addresses, chunks, rate, numbers):
    i, first, n = chunks[k, 0], chunks[k, 1], chunks[k, 2]
    w, g = array(addresses[i], 0, first, n, numbers), array(addresses[i], 1, first, n, numbers)
    _adagrad_step(w, g, array(addresses[i], 2, first, n, numbers), rate[i], numbers)


@inner
def _adagrad_step(w, g, s, rate, numbers):
    eps, weight_decay = numbers[0], numbers[1]
    for j in range(len(w)):
        d = g[j] + weight_decay * w[j] if weight_decay else g[j]
        s[j] += d * d
        w[j] -= rate * d / (np.sqrt(s[j]) + eps)


@shared
def _rmsprop(items, *arguments):
    share_out(_rmsprop_chunk, items, arguments)


@inner
def _rmsprop_chunk(k, thread, addresses, chunks, numbers, centered, has_momentum):
    i, first, n = chunks[k, 0], chunks[k, 1], chunks[k, 2]
    w, g = array(addresses[i], 0, first, n, numbers), array(addresses[i], 1, first, n, numbers)
    s, m = array(addresses[i], 2, first, n, numbers), array(addresses[i], 3, first, n, numbers)
    _rmsprop_step(w, g, s, m, array(addresses[i], 4, first, n, numbers), numbers, centered, has_momentum)


@inner
def _rmsprop_step(w, g, s, m, v, numbers, centered, has_momentum):
    lr, c, eps, weight_decay, momentum = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    for j in range(len(w)):
        d = g[j] + weight_decay * w[j] if weight_decay else g[j]
        s[j] += c * (d * d - s[j])
        second = s[j]
        if centered:
            m[j] += c * (d - m[j])
            second = max(second - m[j] * m[j], numbers.dtype.type(0))
        d = d / (np.sqrt(second) + eps)
        if has_momentum:
            v[j] = momentum * v[j] + d
            d = v[j]
        w[j] -= lr * d
