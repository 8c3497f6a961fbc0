"""Activation functions: values by hand, at the edges, PyTorch's values and gradients, bad input."""

import math

import numpy as np
import pytest
from torch_twin import assert_twins

import tinyconv
from tinyconv.errors import DTypeError, ShapeError
from tinyconv.ops.activation import leaky_relu, log_softmax, relu, sigmoid, softmax, tanh
from tinyconv.tensor import Tensor

inf, nan = np.inf, np.nan
FUNCTIONS = [relu, leaky_relu, sigmoid, tanh, softmax, log_softmax]


def values(y):
    return y.data.tolist()


@pytest.mark.parametrize(
    ("function", "x", "y"),
    [
        (relu, [-2, -0.0, 0, 3], [0, 0, 0, 3]),
        (relu, [-inf, inf, nan], [0, inf, nan]),
        (leaky_relu, [-2, 0, 3, -inf, nan], [-0.02, 0, 3, -inf, nan]),
        (sigmoid, [0, math.log(3), -math.log(3)], [1 / 2, 3 / 4, 1 / 4]),
        (sigmoid, [1000, -1000, inf, -inf, nan], [1, 0, 1, 0, nan]),
        (tanh, [0, math.log(2), -math.log(2)], [0, 3 / 5, -3 / 5]),
        (tanh, [1000, -1000, inf, -inf, nan], [1, -1, 1, -1, nan]),
        (softmax, [0, math.log(2), math.log(5)], [1 / 8, 2 / 8, 5 / 8]),
        (softmax, [1e4, 1e4, -1e4, -inf], [1 / 2, 1 / 2, 0, 0]),
        (softmax, [0, nan], [nan, nan]),
        (log_softmax, [0, math.log(2), math.log(5)], [-math.log(8), math.log(2 / 8), math.log(5 / 8)]),
        (log_softmax, [1e4, 0, -inf], [0, -1e4, -inf]),
    ],
)
def test_values_by_hand(engine, function, x, y):
    np.testing.assert_allclose(function(np.array(x, np.float64)).data, y, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize(
    ("function", "x", "dx"),
    [
        (relu, [-1, -0.0, 0, 2, inf], [0, 0, 0, 1, 1]),
        (leaky_relu, [-1, -0.0, 0, 2], [0.01, 0.01, 0.01, 1]),
        (sigmoid, [0, math.log(3), 1000], [1 / 4, 3 / 16, 0]),
        (tanh, [0, math.log(2), 1000], [1, 16 / 25, 0]),
    ],
)
def test_slopes_by_hand(engine, function, x, dx):
    x = Tensor(np.array(x, np.float64), requires_grad=True)
    function(x).backward(np.ones(x.shape))
    np.testing.assert_allclose(x.grad.data, dx, rtol=1e-14, atol=1e-16)


def test_a_unit_of_relu_that_is_off_lets_no_nan_through(engine):
    x = Tensor(np.array([-1.0, 1.0]), requires_grad=True)
    relu(x).backward(np.array([nan, nan]))
    np.testing.assert_array_equal(x.grad.data, [0, nan])


def units_in_the_last_place(y, expected):
    """How far float32 numbers are from float64 ones, in steps between float32 numbers there."""
    return np.abs(y - expected) / np.spacing(np.abs(expected).astype(np.float32))


@pytest.mark.parametrize("largest", [1e-3, 0.1, 1, 10, 90], ids=str)
@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_float32_in_numba_is_right_to_3_units_in_the_last_place(name, largest, rng):
    pytest.importorskip("numba", reason="Numba is not installed")
    x = rng.uniform(-largest, largest, 100_001).astype(np.float32)
    exact = {"tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x))}[name](x.astype(np.float64))
    with tinyconv.engine("numba"):
        y = {"tanh": tanh, "sigmoid": sigmoid}[name](x).data
    assert units_in_the_last_place(y, exact).max() < 3


def test_numbers_next_to_zero_are_their_own_tanh(engine):
    x = np.array([1e-45, -1e-45, 1e-30, -0.0, 0.0], np.float32)
    y = tanh(x).data
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(np.signbit(y), np.signbit(x))


@pytest.mark.parametrize("order", ["C", "F"])
def test_gradients_keep_the_order_in_memory(order, rng):
    pytest.importorskip("numba", reason="Numba is not installed, and NumPy chooses an order of its own")
    x = Tensor(np.array(rng.standard_normal((3, 4)), order=order, dtype=np.float32), requires_grad=True)
    y = tanh(x)
    y.backward(np.ones((3, 4), np.float32))
    assert y.data.flags[f"{order}_CONTIGUOUS"] and x.grad.data.flags[f"{order}_CONTIGUOUS"]


SHAPES = [(3, 4), (), (2, 3, 4, 5), (0, 3)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh", "leaky_relu"])
def test_elementwise_functions_are_pytorchs(engine, rng, name, shape):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    functions = {"relu": relu, "sigmoid": sigmoid, "tanh": tanh, "leaky_relu": leaky_relu}
    x = np.asarray(3 * rng.standard_normal(shape))
    assert_twins(rng, functions[name], getattr(torch.nn.functional, name), x)


@pytest.mark.parametrize("slope", [0.2, 0.0, 1.0, -0.5, 3.0])
def test_leaky_relu_of_any_slope_is_pytorchs(engine, rng, slope):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    x = rng.standard_normal((4, 5))
    assert_twins(rng, lambda x: leaky_relu(x, slope), lambda x: torch.nn.functional.leaky_relu(x, slope), x)


@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (1, 5), (4, 1)], ids=str)
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_is_pytorchs(engine, rng, name, shape, dim):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    ours, theirs = {"softmax": softmax, "log_softmax": log_softmax}[name], getattr(torch, name)
    assert_twins(rng, lambda x: ours(x, dim), lambda x: theirs(x, dim), 3 * rng.standard_normal(shape))


@pytest.mark.parametrize("function", [sigmoid, tanh, softmax, log_softmax])
def test_a_complex_step_gives_the_derivative(engine, rng, function):
    """f(x + ih) = f(x) + ih f'(x) for analytic functions: the gradient check relies on it in every engine."""
    x, v, h = rng.standard_normal((2, 5)), rng.standard_normal((2, 5)), 1e-6
    slope = (function(x + h * v).data - function(x - h * v).data) / (2 * h)
    y = function(x + 1j * 1e-30 * v).data
    np.testing.assert_allclose(y.real, function(x).data, rtol=1e-14)
    np.testing.assert_allclose(y.imag / 1e-30, slope, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes_are_kept(engine, function, dtype, rng):
    x = Tensor(rng.standard_normal((3, 4)).astype(dtype), requires_grad=True)
    y = function(x)
    y.backward(np.ones((3, 4), dtype))
    assert y.dtype == x.grad.dtype == dtype


@pytest.mark.parametrize("function", [leaky_relu, sigmoid, tanh, softmax, log_softmax])
def test_whole_numbers_become_float32(engine, function):
    assert function(np.array([1, 2])).dtype == np.float32


def test_relu_of_whole_numbers_stays_whole(engine):
    y = relu(np.array([-1, 2]))
    assert values(y) == [0, 2]
    assert y.dtype == np.int64


@pytest.mark.parametrize("function", [relu, leaky_relu])
def test_complex_numbers_have_no_order(function):
    with pytest.raises(DTypeError, match=f"{function.__name__}: is not defined for complex numbers"):
        function(np.ones(2, complex))


@pytest.mark.parametrize("function", [softmax, log_softmax])
def test_dim_out_of_range(function):
    with pytest.raises(ShapeError, match=rf"{function.__name__}: dim 2 is out of range for shape \(3, 4\)"):
        function(np.zeros((3, 4)), 2)
