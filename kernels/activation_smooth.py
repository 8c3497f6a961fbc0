"""Smooth activation functions. All but normal_cdf are written for complex numbers too."""

import math

from tinyconv.backend import Array, array_module

from . import kernel
from .activation import sigmoid
from .erf import erfc


@kernel
def silu(x: Array) -> Array:
    """y = x / (1 + e^-x)"""
    return x * sigmoid.definition(x)


@kernel
def silu_input(dy: Array, x: Array) -> Array:
    """dx = dy s (1 + x (1 - s))  with  s = 1 / (1 + e^-x)"""
    s = sigmoid.definition(x)
    return dy * s * (1 + x * (1 - s))


@kernel
def softplus(x: Array, beta: float, threshold: float) -> Array:
    """y = ln(1 + e^(beta x)) / beta,   or x where beta x > threshold"""
    xp, z = array_module(x), beta * x
    positive = z.real > 0
    log = xp.where(positive, z, 0) + xp.log1p(xp.exp(xp.where(positive, -z, z)))  # e^|z| could overflow
    return xp.where(z.real > threshold, x, log / beta)


@kernel
def normal_cdf(x: Array) -> Array:
    """y = 1/sqrt(2 pi) integral from -infinity to x of e^(-t^2/2) dt  =  erfc(-x / sqrt 2) / 2"""
    return (0.5 * erfc(x * -math.sqrt(0.5))).astype(x.dtype).reshape(x.shape)
