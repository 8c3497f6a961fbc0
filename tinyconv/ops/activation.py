"""Activation functions."""

from __future__ import annotations

import tinyconv.kernels as kernels
from tinyconv.tensor import Operand, Tensor, record

from .arguments import floating, number, real
from .reduce import sum
from .shape import axis_of


def relu(x: Operand) -> Tensor:
    """y = max(x, 0),   dx = dy where x > 0, 0 elsewhere (also at 0).   Nair and Hinton 2010"""
    x = real("relu", x)
    return record("relu", kernels.relu(x.data), (x, lambda dy, y: relu_input(dy, y)))


def relu_input(dy: Tensor, y: Tensor, gain: float = 1.0) -> Tensor:
    """dx of relu: dy where y > 0, 0 elsewhere, times a gain. Linear in dy, and its own adjoint."""
    dx = kernels.relu_input(dy.data, y.data, gain)
    return record("relu_input", dx, (dy, lambda ddx: relu_input(ddx, y, gain)), y=y, gain=gain)


def leaky_relu(x: Operand, negative_slope: float = 0.01) -> Tensor:
    """y = x where x > 0, negative_slope x elsewhere,   dx = dy, or negative_slope dy.   Maas et al. 2013"""
    x = floating(real("leaky_relu", x))
    s = number("leaky_relu", "negative_slope", negative_slope)
    y = kernels.leaky_relu(x.data, s)
    if s < 0:  # y > 0 everywhere
        return record("leaky_relu", y, (x, lambda dy: leaky_relu_input(dy, x, s)), negative_slope=s)
    return record("leaky_relu", y, (x, lambda dy, y: leaky_relu_input(dy, y, s)), negative_slope=s)


def leaky_relu_input(dy: Tensor, x: Tensor, s: float) -> Tensor:
    """dx of leaky_relu: dy where x > 0, s dy elsewhere. Linear in dy, and its own adjoint."""
    dx = kernels.leaky_relu_input(dy.data, x.data, s)
    return record("leaky_relu_input", dx, (dy, lambda ddx: leaky_relu_input(ddx, x, s)), x=x, negative_slope=s)


def sigmoid(x: Operand) -> Tensor:
    """y = 1 / (1 + e^-x),   dx = dy y (1 - y)"""
    x = floating(x)
    return record("sigmoid", kernels.sigmoid(x.data), (x, lambda dy, y: sigmoid_input(dy, y)))


def sigmoid_input(dy: Tensor, y: Tensor) -> Tensor:
    """dx of sigmoid: dy y (1 - y)"""
    dx = kernels.sigmoid_input(dy.data, y.data)
    by_dy = (dy, lambda ddx: sigmoid_input(ddx, y))
    return record("sigmoid_input", dx, by_dy, (y, lambda ddx: ddx * dy * (1 - 2 * y)))


def tanh(x: Operand) -> Tensor:
    """y = (e^x - e^-x) / (e^x + e^-x),   dx = dy (1 - y^2)"""
    x = floating(x)
    return record("tanh", kernels.tanh(x.data), (x, lambda dy, y: tanh_input(dy, y)))


def tanh_input(dy: Tensor, y: Tensor) -> Tensor:
    """dx of tanh: dy (1 - y^2)"""
    dx = kernels.tanh_input(dy.data, y.data)
    return record("tanh_input", dx, (dy, lambda ddx: tanh_input(ddx, y)), (y, lambda ddx: -2 * ddx * dy * y))


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
