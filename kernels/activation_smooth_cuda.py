"""Smooth activation functions in CUDA."""

from tinyconv.backend import Array

from ._cuda import Program
from ._elementwise_cuda import forward, gradient

program = Program("activation_smooth")
_silu, _silu_input = program.kernel("silu"), program.kernel("silu_input")
_softplus, _normal_cdf = program.kernel("softplus"), program.kernel("normal_cdf")


def silu(x: Array) -> Array:
    return forward(_silu, x)


def silu_input(dy: Array, x: Array) -> Array:
    return gradient(_silu_input, dy, x)


def softplus(x: Array, beta: float, threshold: float) -> Array:
    return forward(_softplus, x, float(beta), float(threshold))


def normal_cdf(x: Array) -> Array:
    return forward(_normal_cdf, x)
