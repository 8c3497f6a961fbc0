"""Batch normalisation: the statistics of each channel, y from them, and the gradients."""

import math

from tinyconv.backend import Array, array_module

from . import kernel


@kernel
def batch_norm_stats(x: Array) -> tuple[Array, Array]:
    """mean[c] = 1/n sum x,   var[c] = 1/n sum (x - mean)^2     over the n elements of channel c

    x (N, C, ...)   ->   mean, var (C,). Two passes: E[x^2] - E[x]^2 loses all digits where mean^2 >> var.
    Of float16 they are float32, as all sums are.
    """
    x = wide(x)
    axes = (0, *range(2, x.ndim))
    rough = x.mean(axes, keepdims=True)
    d = x - rough
    rest = d.mean(axes)  # what rounding left of the mean
    return rough.reshape(-1) + rest, (d * d).mean(axes) - rest * rest


@kernel
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
    """y = (x - mean) / sqrt(var + eps) weight + bias     with each channel's own four numbers

    x (N, C, ...)   mean, var, weight, bias (C,)   ->   y (N, C, ...)

    residual, of x's shape, is added to y, and relu=True takes max(y, 0) in the end. x may be float16, and the numbers
    of channels float32.
    """
    xp = array_module(x)
    scale = weight / xp.sqrt(var + eps)
    y = (wide(x) - per_channel(mean, x)) * per_channel(scale, x) + per_channel(bias, x)
    if residual is not None:
        y = y + residual
    return (xp.maximum(y, 0) if relu else y).astype(x.dtype, copy=False)


@kernel
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
    """The gradients of batch_norm with mean and var those of x, through which x acts too:

    dbias = sum dy,   dweight = sum dy z,   dx = weight / sqrt(var + eps) (dy - (dbias + z dweight) / n)
    with  z = (x - mean) / sqrt(var + eps)  and sums over the n elements of a channel

    dy, x (N, C, ...)   mean, var, weight (C,)   ->   dx (N, C, ...), dweight (C,), dbias (C,)

    y, what relu=True gave: dy counts only where y > 0. residual=True: the gradient of what was added, fourth.
    """
    if y is not None:
        dy = array_module(dy).where(y > 0, dy, 0)
    dtype, added, dy, x = x.dtype, dy, wide(dy), wide(x)
    axes = (0, *range(2, x.ndim))
    n = math.prod(x.shape[axis] for axis in axes)
    r = 1 / array_module(x).sqrt(var + eps)
    z = (x - per_channel(mean, x)) * per_channel(r, x)
    dbias, dweight = dy.sum(axes), (dy * z).sum(axes)
    shared = (per_channel(dbias, x) + z * per_channel(dweight, x)) / n
    dx = per_channel(weight * r, x) * (dy - shared)
    gradients = dx.astype(dtype, copy=False), *(a.astype(weight.dtype, copy=False) for a in (dweight, dbias))
    return (*gradients, added) if residual else gradients


def wide(x: Array) -> Array:
    """Half precision is for storage: in sums and products it is float32."""
    return x.astype("float32") if x.dtype == "float16" else x


def per_channel(a: Array, x: Array) -> Array:
    """(C,) shaped so that it broadcasts along the channels of x: (C, 1, 1) for x (N, C, H, W)"""
    return a.reshape(-1, *[1] * (x.ndim - 2))
