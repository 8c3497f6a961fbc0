"""Activation functions with a corner, in CUDA."""

from tinyconv.backend import Array

from ._cuda import Program
from ._elementwise_cuda import forward, gradient
from ._layout import plain
from ._rows_cuda import as_rows, like_rows

program = Program("activation_piecewise")
_relu6, _relu6_input = program.kernel("relu6"), program.kernel("relu6_input")
_elu, _elu_input = program.kernel("elu"), program.kernel("elu_input")
_prelu = program.kernel("prelu")


def relu6(x: Array) -> Array:
    return forward(_relu6, x)


def relu6_input(dy: Array, y: Array) -> Array:
    return gradient(_relu6_input, dy, y)


def prelu(x: Array, weight: Array) -> Array:
    if not (program.takes(x, weight) and x.size and x.ndim > 1):
        return NotImplemented
    y = like_rows(x)
    _prelu(x.size, as_rows(y), as_rows(x), plain(weight), weight.size)
    return y


def elu(x: Array, alpha: float) -> Array:
    return forward(_elu, x, float(alpha))


def elu_input(dy: Array, y: Array, alpha: float) -> Array:
    return gradient(_elu_input, dy, y, float(alpha))
