"""Batch normalisation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import tinyconv.kernels as kernels
from tinyconv.backend import array_module
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.tape import is_grad_enabled
from tinyconv.tensor import Operand, Tensor, as_tensor, record, same_device, same_dtype

from .activation import relu_input
from .arguments import floating, number
from .arithmetic import sqrt
from .inplace import follow
from .reduce import mean as mean_of
from .reduce import sum
from .reduce import var as var_of
from .shape import reshape


def batch_norm(
    input: Operand,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Operand | None = None,
    bias: Operand | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *,
    residual: Operand | None = None,
    relu: bool = False,
) -> Tensor:
    """y = (x - mean) / sqrt(var + eps) weight + bias        channel by channel

    input x (N, C), (N, C, L) or (N, C, H, W); the others (C,), of its type, or float32 beside float16
    training=False: mean and var are the running ones
    training=True: they are the batch's, var with 1/n, and the running ones (if given) follow them, in place:
        running <- (1 - momentum) running + momentum batch        here var with 1/(n-1), all as in PyTorch
    (running <- m running + (1 - m) batch in Keras, TensorFlow and Caffe: their m is 1 - momentum)
    residual  added to y in the same pass
    relu      y, or its sum with the residual, is made at least 0 in the same pass
    Raises ShapeError, DTypeError; ArgumentError without statistics to use.
    Ioffe and Szegedy 2015, arXiv:1502.03167, Algorithm 1 (gradients: section 3).
    """
    x = floating(input)
    xp, C = array_module(x.data), x.shape[1] if x.ndim > 1 else 0
    w = Tensor(xp.ones(C, x.dtype)) if weight is None else as_tensor(weight)
    b = Tensor(xp.zeros(C, x.dtype)) if bias is None else as_tensor(bias)
    running: list[Any] = [None if a is None else as_tensor(a) for a in (running_mean, running_var)]
    added = None if residual is None else as_tensor(residual)
    _check(x, w, b, running, training, added)
    number("batch_norm", "eps", eps, least=0)
    number("batch_norm", "momentum", momentum, least=0, most=1)
    if training:
        mean, var = (Tensor(a) for a in kernels.batch_norm_stats(x.data))
        n = _count(x)
        for kept, batch in zip(running, (mean.data, var.data * (n / (n - 1))), strict=True):
            if kept is not None:
                follow(kept, batch, momentum)
    else:
        mean, var = running

    used = mean, var, eps, training, added is not None and added.requires_grad

    def rule(dy: Tensor) -> tuple[Tensor | None, ...]:
        return _backward(dy, None, x, w, *used)

    def rule_with_relu(dy: Tensor, y: Tensor) -> tuple[Tensor | None, ...]:
        return _backward(dy, y, x, w, *used)

    y = kernels.batch_norm(
        x.data, mean.data, var.data, w.data, b.data, eps, None if added is None else added.data, relu
    )
    inputs = ((x, w, b, added), rule_with_relu if relu else rule)
    return record("batch_norm", y, inputs, training=training, momentum=momentum, eps=eps, relu=relu, mean=mean, var=var)


def _backward(
    dy: Tensor,
    y: Tensor | None,
    x: Tensor,
    w: Tensor,
    mean: Tensor,
    var: Tensor,
    eps: float,
    training: bool,
    residual: bool,
) -> tuple[Tensor | None, ...]:
    """dx, dw, db and the gradient of the residual, if there is one that wants it; y if a ReLU came last."""
    if training and not is_grad_enabled():
        after = None if y is None else y.data
        arrays = kernels.batch_norm_input(dy.data, x.data, mean.data, var.data, w.data, eps, after, residual)
        gradients = [Tensor(a) for a in arrays]
    else:
        dy = dy if y is None else relu_input(dy, y)
        gradients = [*_gradients(dy, x, w, None if training else (mean, var), eps), *[dy] * residual]
    return (*gradients, None) if len(gradients) < 4 else tuple(gradients)


def _gradients(
    dy: Tensor, x: Tensor, w: Tensor, frozen: tuple[Tensor, Tensor] | None, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """What kernels.batch_norm_input computes, from x on and so differentiable once more:

    z = (x - mean) / sqrt(var + eps),   db = sum dy,   dw = sum dy z,
    dx = w / sqrt(var + eps) (dy - (db + z dw) / n),   or without (...) / n where mean and var are frozen
    """
    x, dy = (a.float() if a.dtype == np.float16 else a for a in (x, dy))
    axes = (0, *range(2, x.ndim))
    shape = (-1, *[1] * (x.ndim - 2))  # (C,) -> (C, 1, 1)
    mean, var = frozen or (mean_of(x, axes), var_of(x, axes, correction=0))
    r = 1 / sqrt(var + eps)
    z = (x - reshape(mean, shape)) * reshape(r, shape)
    db, dw = sum(dy, axes), sum(dy * z, axes)
    if not frozen:
        dy = dy - (reshape(db, shape) + z * reshape(dw, shape)) / _count(x)
    return reshape(w * r, shape) * dy, dw, db


def _count(x: Tensor) -> int:
    """The elements of one channel."""
    return math.prod(x.shape) // x.shape[1]


def _check(x: Tensor, w: Tensor, b: Tensor, running: list[Any], training: bool, added: Tensor | None) -> None:
    name = "batch_norm"
    if x.ndim not in (2, 3, 4) or x.shape[1] == 0:
        raise ShapeError(name, f"input has shape {x.shape}; it must be (N, C), (N, C, L) or (N, C, H, W).")
    mean, var = running
    if not training and (mean is None or var is None):
        raise ArgumentError(
            name, "with training=False it needs running_mean and running_var: give both, or training=True."
        )
    given = {"running_mean": mean, "running_var": var, "weight": w, "bias": b}
    C = x.shape[1]
    for argument, a in given.items():
        if a is not None and a.shape != (C,):
            raise ShapeError(name, f"input {x.shape} has {C} channels, {argument} has shape {a.shape}, not ({C},).")
    if added is not None and added.shape != x.shape:
        raise ShapeError(name, f"residual has shape {added.shape}, the input {x.shape}; they are added, not broadcast.")
    same_device(name, x, *[a for a in given.values() if a is not None])
    same_dtype(name, *([] if x.dtype == np.float16 and w.dtype == np.float32 else [x]), w, b)
    same_dtype(name, x, *[added] if added is not None else [])
    if training and _count(x) < 2:
        raise ShapeError(
            name,
            f"input {x.shape} has {_count(x)} values a channel; their variance needs 2. "
            "Train with larger batches, or use training=False.",
        )
