"""Activation functions in CUDA: one pass in the order of memory, whatever the layout."""

from tinyconv.backend import Array
from tinyconv.memory import empty_like

from ._cuda import Program
from ._elementwise_cuda import forward, gradient
from ._layout import plain

program = Program("activation")
_relu, _relu_input = program.kernel("relu"), program.kernel("relu_input")
_leaky_relu, _leaky_relu_input = program.kernel("leaky_relu"), program.kernel("leaky_relu_input")
_sigmoid, _sigmoid_input = program.kernel("sigmoid"), program.kernel("sigmoid_input")
_tanh, _tanh_input = program.kernel("tanh_"), program.kernel("tanh_input")
_softmax, _log_softmax = program.kernel("softmax"), program.kernel("log_softmax")


def relu(x: Array) -> Array:
    return forward(_relu, x)


def relu_input(dy: Array, y: Array, gain: float = 1.0) -> Array:
    return gradient(_relu_input, dy, y, float(gain))


def leaky_relu(x: Array, negative_slope: float) -> Array:
    return forward(_leaky_relu, x, float(negative_slope))


def leaky_relu_input(dy: Array, x: Array, negative_slope: float) -> Array:
    return gradient(_leaky_relu_input, dy, x, float(negative_slope))


def sigmoid(x: Array) -> Array:
    return forward(_sigmoid, x)


def sigmoid_input(dy: Array, y: Array) -> Array:
    return gradient(_sigmoid_input, dy, y)


def tanh(x: Array) -> Array:
    return forward(_tanh, x)


def tanh_input(dy: Array, y: Array) -> Array:
    return gradient(_tanh_input, dy, y)


def softmax(x: Array, axis: int) -> Array:
    return _of_rows(_softmax, x, axis)


def log_softmax(x: Array, axis: int) -> Array:
    return _of_rows(_log_softmax, x, axis)


def _of_rows(kernel, x: Array, axis: int) -> Array:
    """Of rows of K numbers, the axis brought to the end; in memory it may be there already."""
    if not program.takes(x):
        return NotImplemented
    axes = [a for a in range(x.ndim) if a != axis % x.ndim] + [axis % x.ndim]
    rows = plain(x.transpose(axes))
    y = empty_like(rows)
    K = rows.shape[-1]
    kernel.rows(x.size // K if K else 0, K, y, rows)
    return y.transpose([axes.index(a) for a in range(x.ndim)])
