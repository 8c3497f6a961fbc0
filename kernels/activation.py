"""Activation functions. All but relu are analytic, and so defined for complex numbers too."""

from tinyconv.backend import Array, array_module

from . import kernel


@kernel
def relu(x: Array) -> Array:
    """y = max(x, 0); NaN stays NaN"""
    return array_module(x).maximum(x, 0)


@kernel
def relu_input(dy: Array, y: Array, gain: float = 1.0) -> Array:
    """dx = gain dy where y > 0, 0 elsewhere (also at 0); linear in dy, and its own adjoint"""
    return array_module(dy).where(y > 0, dy if gain == 1 else dy * dy.dtype.type(gain), 0)


@kernel
def leaky_relu(x: Array, negative_slope: float) -> Array:
    """y = x where x > 0, negative_slope x elsewhere"""
    return array_module(x).where(x > 0, x, negative_slope * x)


@kernel
def leaky_relu_input(dy: Array, x: Array, negative_slope: float) -> Array:
    """dx = dy where x > 0, negative_slope dy elsewhere; linear in dy, and its own adjoint"""
    return array_module(dy).where(x > 0, dy, negative_slope * dy)


@kernel
def sigmoid(x: Array) -> Array:
    """y = 1 / (1 + e^-x)"""
    return 0.5 * (1 + array_module(x).tanh(0.5 * x))  # the same function, which cannot overflow


@kernel
def sigmoid_input(dy: Array, y: Array) -> Array:
    """dx = dy y (1 - y)"""
    return dy * y * (1 - y)


@kernel
def tanh(x: Array) -> Array:
    """y = (e^x - e^-x) / (e^x + e^-x)"""
    return array_module(x).tanh(x)


@kernel
def tanh_input(dy: Array, y: Array) -> Array:
    """dx = dy (1 - y^2)"""
    return dy * (1 - y * y)


@kernel
def softmax(x: Array, axis: int) -> Array:
    """y_i = e^x_i / sum_j e^x_j along `axis`"""
    e = array_module(x).exp(x - largest(x, axis))
    return e / e.sum(axis, keepdims=True)


@kernel
def log_softmax(x: Array, axis: int) -> Array:
    """y_i = x_i - ln sum_j e^x_j along `axis`"""
    xp = array_module(x)
    z = x - largest(x, axis)
    return z - xp.log(xp.exp(z).sum(axis, keepdims=True))


def largest(x: Array, axis: int) -> Array:
    """The largest (real part) along an axis: taken off before e^x, it cancels, and nothing overflows."""
    if x.shape[axis] == 0:  # of nothing; CuPy's max has no initial
        return array_module(x).zeros([1 if a == axis % x.ndim else n for a, n in enumerate(x.shape)], x.real.dtype)
    return x.real.max(axis, keepdims=True)
