"""Smooth activation functions."""

from __future__ import annotations

import math

import tinyconv.kernels as kernels
from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.tensor import Operand, Tensor, record

from .activation import sigmoid, tanh
from .arguments import floating, number, real
from .arithmetic import exp, where

APPROXIMATIONS = ("none", "tanh")


def scaled_tanh(x: Operand) -> Tensor:
    """y = 1.7159 tanh(2x/3): about 1 at 1, -1 at -1, with the greatest curvature there

    LeCun, Bottou, Bengio and Haffner 1998, "Gradient-Based Learning Applied to Document Recognition", appendix A
    """
    return 1.7159 * tanh(floating(x) * (2 / 3))


def silu(x: Operand) -> Tensor:
    """y = x / (1 + e^-x) = x sigmoid(x)   Elfwing et al. 2017, arXiv:1702.03118; "swish" in arXiv:1710.05941

    dx = dy s (1 + x (1 - s))  with  s = sigmoid(x)
    """
    x = floating(x)
    return record("silu", kernels.silu(x.data), (x, lambda dy: silu_input(dy, x)))


def silu_input(dy: Tensor, x: Tensor) -> Tensor:
    """dx of silu: dy s (1 + x (1 - s));   its derivative by x is dy s (1 - s) (2 + x (1 - 2s))"""

    def by_x(ddx: Tensor) -> Tensor:
        s = sigmoid(x)
        return ddx * dy * s * (1 - s) * (2 + x * (1 - 2 * s))

    dx = kernels.silu_input(dy.data, x.data)
    return record("silu_input", dx, (dy, lambda ddx: silu_input(ddx, x)), (x, by_x))


def gelu(x: Operand, approximate: str = "none") -> Tensor:
    """y = x Phi(x),   dx = dy (Phi(x) + x e^(-x^2/2) / sqrt(2 pi))        Phi: see normal_cdf

    approximate  "none", or "tanh":  y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), wrong by at most 0.0005
    Raises UnknownNameError for another one.   Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2
    """
    if approximate not in APPROXIMATIONS:
        raise UnknownNameError("gelu", "approximation", approximate, APPROXIMATIONS)
    if approximate == "none":
        x = floating(real("gelu", x))
        return x * normal_cdf(x)
    x = floating(x)
    z = math.sqrt(8 / math.pi) * (x + 0.044715 * x * x * x)
    return x * sigmoid(z)  # (1 + tanh(z/2)) / 2


def normal_cdf(x: Operand) -> Tensor:
    """y = Phi(x) = P(normal number <= x) = (1 + erf(x / sqrt 2)) / 2,   dx = dy e^(-x^2/2) / sqrt(2 pi)

    Right to the last digits also where it is nearly 0. Not defined for complex numbers here.
    """
    x = floating(real("normal_cdf", x))
    density = 1 / math.sqrt(2 * math.pi)
    return record("normal_cdf", kernels.normal_cdf(x.data), (x, lambda dy: dy * (density * exp(-0.5 * x * x))))


def softplus(x: Operand, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """y = ln(1 + e^(beta x)) / beta,   dx = dy sigmoid(beta x)        Dugas et al. 2001

    threshold  where beta x is above it, y is x, and dx is dy
    Raises ArgumentError unless beta > 0.
    """
    x = floating(x)
    beta, threshold = number("softplus", "beta", beta), number("softplus", "threshold", threshold)
    if beta <= 0:
        raise ArgumentError("softplus", f"beta is {beta}; it must be above 0.")

    def rule(dy: Tensor) -> Tensor:
        z = beta * x
        return where(Tensor(z.data.real > threshold), dy, dy * sigmoid(z))

    return record("softplus", kernels.softplus(x.data, beta, threshold), (x, rule), beta=beta, threshold=threshold)
