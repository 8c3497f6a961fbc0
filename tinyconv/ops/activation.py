"""Activation functions."""

from __future__ import annotations

import tinyconv.kernels as kernels
from tinyconv.tensor import Operand, Tensor, record

from .arguments import floating, real
from .arithmetic import where
from .reduce import sum
from .shape import axis_of


def relu(x: Operand) -> Tensor:
    """y = max(x, 0),   dx = dy where x > 0, 0 elsewhere (also at 0).   Nair and Hinton 2010"""
    x = real("relu", x)
    return record("relu", kernels.relu(x.data), (x, lambda dy, y: relu_input(dy, y)))


def relu_input(dy: Tensor, y: Tensor) -> Tensor:
    """dx of relu: dy where y > 0, 0 elsewhere. Linear in dy, and its own adjoint."""
    return record("relu_input", kernels.relu_input(dy.data, y.data), (dy, lambda ddx: relu_input(ddx, y)))


def leaky_relu(x: Operand, negative_slope: float = 0.01) -> Tensor:
    """y = x where x > 0, negative_slope x elsewhere,   dx = dy, or negative_slope dy.   Maas et al. 2013"""
    x = floating(real("leaky_relu", x))
    positive = Tensor(x.data > 0)
    y = kernels.leaky_relu(x.data, negative_slope)
    rule = (x, lambda dy: where(positive, dy, negative_slope * dy))
    return record("leaky_relu", y, rule, negative_slope=negative_slope)


def sigmoid(x: Operand) -> Tensor:
    """y = 1 / (1 + e^-x),   dx = dy y (1 - y)"""
    x = floating(x)
    return record("sigmoid", kernels.sigmoid(x.data), (x, lambda dy, y: dy * y * (1 - y)))


def tanh(x: Operand) -> Tensor:
    """y = (e^x - e^-x) / (e^x + e^-x),   dx = dy (1 - y^2)"""
    x = floating(x)
    return record("tanh", kernels.tanh(x.data), (x, lambda dy, y: dy * (1 - y * y)))


def softmax(x: Operand, dim: int = -1) -> Tensor:
    """y_i = e^x_i / sum_j e^x_j along `dim`,   dx = y (dy - sum_j dy_j y_j)"""
    x = floating(x)
    axis = axis_of("softmax", x, dim)
    y = kernels.softmax(x.data, axis)
    return record("softmax", y, (x, lambda dy, y: y * (dy - sum(dy * y, axis, keepdim=True))), dim=axis)


def log_softmax(x: Operand, dim: int = -1) -> Tensor:
    """y_i = x_i - ln sum_j e^x_j along `dim`,   dx = dy - e^y sum_j dy_j"""
    x = floating(x)
    axis = axis_of("log_softmax", x, dim)
    y = kernels.log_softmax(x.data, axis)
    return record("log_softmax", y, (x, lambda dy, y: dy - y.exp() * sum(dy, axis, keepdim=True)), dim=axis)
