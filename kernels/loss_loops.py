"""Losses in loops: one sample after the other."""

import numpy as np

from tinyconv.backend import Array


def cross_entropy(x: Array, t: Array) -> tuple[Array, Array]:
    N, K = x.shape
    loss = np.zeros(N, np.result_type(x, t))
    p = np.zeros((N, K), x.dtype)
    for n in range(N):
        largest = max(x[n, k].real for k in range(K))
        total = x.dtype.type(0)
        for k in range(K):
            p[n, k] = np.exp(x[n, k] - largest)
            total += p[n, k]
        for k in range(K):
            p[n, k] /= total
            if t[n, k] != 0:
                loss[n] += t[n, k] * (np.log(total) - (x[n, k] - largest))
    return loss, p


def cross_entropy_labels(x: Array, labels: Array) -> tuple[Array, Array]:
    N, K = x.shape
    loss, p = np.zeros(N, x.dtype), np.zeros((N, K), x.dtype)
    for n in range(N):
        largest = max(x[n, k].real for k in range(K))
        total = x.dtype.type(0)
        for k in range(K):
            p[n, k] = np.exp(x[n, k] - largest)
            total += p[n, k]
        for k in range(K):
            p[n, k] /= total
        loss[n] = np.log(total) - (x[n, labels[n]] - largest)
    return loss, p


def cross_entropy_labels_input(dloss: Array, p: Array, labels: Array) -> Array:
    dx = np.zeros_like(p)
    for n, k in np.ndindex(p.shape):
        dx[n, k] = dloss[n] * (p[n, k] - (k == labels[n]))
    return dx
