"""Activation functions with a corner: values and slopes by hand, PyTorch's gradients, bad input."""

import numpy as np
import pytest
from torch_twin import assert_twins

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops.activation import leaky_relu
from tinyconv.ops.activation_piecewise import elu, hardsigmoid, hardswish, prelu, relu6
from tinyconv.tensor import Tensor, grad

inf, nan = np.inf, np.nan
FUNCTIONS = {"relu6": relu6, "elu": elu, "hardsigmoid": hardsigmoid, "hardswish": hardswish}


@pytest.mark.parametrize(
    ("function", "x", "y"),
    [
        (relu6, [-2, -0.0, 0, 3, 6, 9], [0, 0, 0, 3, 6, 6]),
        (relu6, [-inf, inf, nan], [0, 6, nan]),
        (elu, [0, 2, -np.log(2), -1000, -inf, inf, nan], [0, 2, -1 / 2, -1, -1, inf, nan]),
        (hardsigmoid, [-4, -3, -1.5, 0, 1.5, 3, 4], [0, 0, 1 / 4, 1 / 2, 3 / 4, 1, 1]),
        (hardsigmoid, [-inf, inf, nan], [0, 1, nan]),
        (hardswish, [-4, -3, -1.5, 0, 1.5, 3, 4], [0, 0, -1.5 / 4, 0, 1.5 * 3 / 4, 3, 4]),
    ],
)
def test_values_by_hand(engine, function, x, y):
    np.testing.assert_allclose(function(np.array(x, np.float64)).data, y, rtol=1e-15)


@pytest.mark.parametrize(
    ("function", "x", "dx"),
    [
        (relu6, [-1, -0.0, 0, 2, 6, 7], [0, 0, 0, 1, 0, 0]),
        (elu, [-np.log(4), 0, 2], [1 / 4, 1, 1]),
        (hardsigmoid, [-4, -3, -1, 1, 3, 4], [0, 0, 1 / 6, 1 / 6, 0, 0]),
        (hardswish, [-4, -1, 0, 1, 4], [0, 1 / 6, 1 / 2, 5 / 6, 1]),  # (2x + 3) / 6 between -3 and 3
    ],
)
def test_slopes_by_hand(engine, function, x, dx):
    x = Tensor(np.array(x, np.float64), requires_grad=True)
    function(x).backward(np.ones(x.shape))
    np.testing.assert_allclose(x.grad.data, dx, rtol=1e-14)


def test_elu_of_tiny_numbers_keeps_their_digits(engine):
    np.testing.assert_allclose(elu(np.array([-1e-12])).data, -1e-12, rtol=1e-11)  # e^x - 1 would keep four


def test_prelu_by_hand(engine):
    """Slopes 1/2 and 3 for two channels; a slope's gradient sums dy x over what it multiplied."""
    x = Tensor(np.array([[[-2.0, 4.0], [-1.0, -5.0]], [[-6.0, 0.0], [1.0, 7.0]]]), requires_grad=True)  # (2, 2, 2)
    w = Tensor(np.array([0.5, 3.0]), requires_grad=True)
    y = prelu(x, w)
    np.testing.assert_array_equal(y.data, [[[-1, 4], [-3, -15]], [[-3, 0], [1, 7]]])
    dx, dw = grad(y, [x, w], np.array([[[10.0, 20.0], [30.0, 40.0]], [[50.0, 60.0], [70.0, 80.0]]]))
    np.testing.assert_array_equal(dx.data, [[[5, 20], [90, 120]], [[25, 30], [70, 80]]])
    np.testing.assert_array_equal(dw.data, [10 * -2 + 50 * -6, 30 * -1 + 40 * -5])


def test_prelu_with_one_slope_is_leaky_relu(engine, rng):
    x = rng.standard_normal((3, 4, 2))
    np.testing.assert_array_equal(prelu(x, np.array([0.3])).data, leaky_relu(x, 0.3).data)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4, 5), (0, 3)], ids=str)
@pytest.mark.parametrize("name", ["relu6", "elu", "hardswish"])  # its hardsigmoid has no second derivative
def test_is_pytorchs(engine, rng, name, shape):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    assert_twins(rng, FUNCTIONS[name], getattr(torch.nn.functional, name), 4 * rng.standard_normal(shape))


@pytest.mark.parametrize(("shape", "slopes"), [((3, 4), 4), ((3, 4), 1), ((2, 3, 4, 5), 3), ((4,), 1), ((), 1)])
def test_prelu_is_pytorchs(engine, rng, shape, slopes):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    x = np.asarray(rng.standard_normal(shape))
    assert_twins(rng, prelu, torch.nn.functional.prelu, x, rng.standard_normal(slopes))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_dtypes_are_kept(engine, name, dtype, rng):
    x = Tensor(rng.standard_normal((3, 4)).astype(dtype), requires_grad=True)
    y = FUNCTIONS[name](x)
    y.backward(np.ones((3, 4), dtype))
    assert y.dtype == x.grad.dtype == dtype


def test_whole_numbers(engine):
    y = relu6(np.array([-1, 2, 8]))
    assert y.dtype == np.int64
    assert y.tolist() == [0, 2, 6]
    assert {f(np.array([1, 2])).dtype for f in (elu, hardsigmoid, hardswish)} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_complex_numbers_have_no_order(name):
    with pytest.raises(DTypeError, match=f"{name}: is not defined for complex numbers"):
        FUNCTIONS[name](np.ones(2, complex))


@pytest.mark.parametrize("alpha", [-0.1, nan, inf, "1"])
def test_alpha_must_be_a_number_of_at_least_0(alpha):
    with pytest.raises(ArgumentError, match=f"^elu: alpha is {alpha!r}; it must be a finite number of at least 0"):
        elu(np.ones(2), alpha)


@pytest.mark.parametrize("shape", [(2,), (3, 1), (), (12,)])
def test_slopes_that_do_not_fit(shape):
    with pytest.raises(ShapeError, match=r"^prelu: weight has shape .* it must be \(1,\) or \(4,\)"):
        prelu(np.ones((3, 4, 3)), np.ones(shape))
