"""Operations that usually follow one another, as one: fewer passes over memory, fewer maps that are kept."""

from __future__ import annotations

import math

import tinyconv.kernels as kernels
from tinyconv import random
from tinyconv.geometry import Window
from tinyconv.tape import is_grad_enabled
from tinyconv.tensor import Tensor, record

from .activation import relu_input, tanh_input
from .conv import channel_sums, conv2d_input, conv2d_weight
from .pool import avg_pool2d_input, max_pool2d_input


def conv2d_relu(
    x: Tensor, w: Tensor, b: Tensor | None, window: Window, pool: Window | None = None, p: float = 0.0
) -> Tensor:
    """z = dropout(max_pool(max(conv(x, w) + b, 0), pool), p), the same numbers as one after the other

    What remains for the backward pass is z alone: an element of it is above 0 exactly where ReLU let it pass and
    dropout kept it, and so, after max pooling, did the winner of its window.

    pool  the window of the max pooling, or None: no pooling
    p     the rate of the dropout; 0: no dropout
    """
    X = x.shape
    y = kernels.conv2d(x.data, w.data, None if b is None else b.data, window, True)
    Y = y.shape
    winner = None
    if pool is not None:
        y, winner = kernels.max_pool2d(y, pool)
    if p:
        y = kernels.dropout(y, p, random.key())
    gain = kernels.survivors_gain(p)
    wanted = x.requires_grad, w.requires_grad, b is not None and b.requires_grad

    def rule(dz: Tensor, z: Tensor) -> tuple[Tensor | None, ...]:
        dy = relu_input(dz, z, gain)
        db = channel_sums(dy) if wanted[2] else None  # the same before pooling's step as after it
        if pool is not None:
            dy = max_pool2d_input(dy, winner, pool, Y)
        return (
            conv2d_input(dy, w, window, X) if wanted[0] else None,
            conv2d_weight(dy, x, window) if wanted[1] else None,
            db,
        )

    return record("conv2d_relu", y, ((x, w, b), rule), window=window, pool=pool, p=p)


def tanh_avg_pool2d(x: Tensor, window: Window) -> Tensor:
    """y = avg_pool(tanh(x), window), the same numbers as one after the other"""
    tanh_x, y = kernels.tanh_avg_pool2d(x.data, window)
    t = record("tanh", tanh_x, (x, tanh_input))

    def rule(dy: Tensor) -> Tensor:
        if not is_grad_enabled():
            return Tensor(kernels.tanh_avg_pool2d_input(dy.data, t.data, window))
        return tanh_input(avg_pool2d_input(dy, window, math.prod(window.size), t.shape), t)

    return record("tanh_avg_pool2d", y, (x, rule), window=window)
