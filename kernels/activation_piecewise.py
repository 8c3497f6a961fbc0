"""Activation functions with a corner, made of pieces."""

from tinyconv.backend import Array, array_module

from . import kernel
from .norm import per_channel


@kernel
def relu6(x: Array) -> Array:
    """y = min(max(x, 0), 6); NaN stays NaN"""
    xp = array_module(x)
    return xp.minimum(xp.maximum(x, 0), 6)


@kernel
def relu6_input(dy: Array, y: Array) -> Array:
    """dx = dy where 0 < y < 6, 0 elsewhere (also at 0 and 6); linear in dy, and its own adjoint"""
    return array_module(dy).where((y > 0) & (y < 6), dy, 0)


@kernel
def prelu(x: Array, weight: Array) -> Array:
    """y = x where x > 0, weight x elsewhere

    weight  (C,), a slope for each channel of x (N, C, ...), or (1,), the same for all
    """
    w = weight.reshape(()) if weight.size == 1 else per_channel(weight, x)
    return array_module(x).where(x > 0, x, w * x)


@kernel
def elu(x: Array, alpha: float) -> Array:
    """y = x where x > 0, alpha (e^x - 1) elsewhere"""
    xp = array_module(x)
    return xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0)))


@kernel
def elu_input(dy: Array, y: Array, alpha: float) -> Array:
    """dx = dy where y > 0, dy alpha e^x = dy (y + alpha) elsewhere"""
    return dy * array_module(dy).where(y > 0, dy.dtype.type(1), y + alpha)
