"""What optimisers do to parameters, in loops: one number after the other."""

import math

import numpy as np

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
) -> None:
    for i, at in places(w):
        d = g[i][at] + weight_decay * w[i][at]
        if v is not None:
            v[i][at] = momentum * v[i][at] + gain[i] * d
            d = d + momentum * v[i][at] if nesterov else v[i][at]
        w[i][at] -= lr * d


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
) -> None:
    b1, b2 = betas
    for i, at in places(w):
        d = g[i][at]
        if decoupled:
            w[i][at] -= lr * weight_decay * w[i][at]
        else:
            d += weight_decay * w[i][at]
        m[i][at] = b1 * m[i][at] + (1 - b1) * d
        v[i][at] = second = b2 * v[i][at] + (1 - b2) * d * d
        if v_max is not None:
            v_max[i][at] = second = max(v_max[i][at], second)
        m_hat, v_hat = m[i][at] / (1 - b1 ** t[i]), second / (1 - b2 ** t[i])
        w[i][at] -= lr * m_hat / (math.sqrt(v_hat) + eps)


def adadelta(
    w: Arrays, g: Arrays, s: Arrays, u: Arrays, lr: float, rho: float, eps: float, weight_decay: float
) -> None:
    for i, at in places(w):
        d = g[i][at] + weight_decay * w[i][at]
        s[i][at] = rho * s[i][at] + (1 - rho) * d * d
        d *= math.sqrt(u[i][at] + eps) / math.sqrt(s[i][at] + eps)
        u[i][at] = rho * u[i][at] + (1 - rho) * d * d
        w[i][at] -= lr * d


def adagrad(w: Arrays, g: Arrays, s: Arrays, rate: list[float], eps: float, weight_decay: float) -> None:
    for i, at in places(w):
        d = g[i][at] + weight_decay * w[i][at]
        s[i][at] += d * d
        w[i][at] -= rate[i] * d / (math.sqrt(s[i][at]) + eps)


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
) -> None:
    for i, at in places(w):
        d = g[i][at] + weight_decay * w[i][at]
        s[i][at] = second = alpha * s[i][at] + (1 - alpha) * d * d
        if m is not None:
            m[i][at] = alpha * m[i][at] + (1 - alpha) * d
            second = max(second - m[i][at] * m[i][at], 0)
        d /= math.sqrt(second) + eps
        if v is not None:
            v[i][at] = d = momentum * v[i][at] + d
        w[i][at] -= lr * d


def places(w: Arrays):
    """Every number of every array: which array, and where in it."""
    for i, array in enumerate(w):
        for at in np.ndindex(array.shape):
            yield i, at
