"""Batch normalisation in loops: channel after channel, in Python's own numbers."""

import numpy as np

from tinyconv.backend import Array


def batch_norm_stats(x: Array) -> tuple[Array, Array]:
    C = x.shape[1]
    dtype = np.float32 if x.dtype == np.float16 else x.dtype
    mean, var = np.empty(C, dtype), np.empty(C, dtype)
    for c in range(C):
        xs = x[:, c].ravel().tolist()
        m = sum(xs) / len(xs)
        mean[c] = m
        var[c] = sum((v - m) ** 2 for v in xs) / len(xs)
    return mean, var


def batch_norm(
    x: Array,
    mean: Array,
    var: Array,
    weight: Array,
    bias: Array,
    eps: float,
    residual: Array | None = None,
    relu: bool = False,
) -> Array:
    y = np.empty_like(x)
    for i in np.ndindex(x.shape):
        c = i[1]
        v = (x[i] - mean[c]) / np.sqrt(var[c] + eps) * weight[c] + bias[c]
        if residual is not None:
            v += residual[i]
        y[i] = 0 if relu and v <= 0 else v  # a NaN is not <= 0, and stays
    return y


def batch_norm_input(
    dy: Array,
    x: Array,
    mean: Array,
    var: Array,
    weight: Array,
    eps: float,
    y: Array | None = None,
    residual: bool = False,
) -> tuple[Array, ...]:
    C, dy = x.shape[1], dy.copy()
    for i in np.ndindex(x.shape):
        if y is not None and not y[i] > 0:
            dy[i] = 0
    dx = np.empty_like(dy)
    dweight, dbias = np.empty(C, weight.dtype), np.empty(C, weight.dtype)
    for c in range(C):
        r = 1 / np.sqrt(var[c] + eps)
        dys = dy[:, c].ravel().tolist()
        zs = ((x[:, c] - mean[c]) * r).ravel().tolist()
        db, dw, n = sum(dys), sum(d * z for d, z in zip(dys, zs, strict=True)), len(dys)
        dxs = [weight[c] * r * (d - (db + z * dw) / n) for d, z in zip(dys, zs, strict=True)]
        dx[:, c] = np.reshape(dxs, dx[:, c].shape)
        dweight[c], dbias[c] = dw, db
    return (dx, dweight, dbias, dy) if residual else (dx, dweight, dbias)
