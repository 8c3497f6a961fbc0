"""Smooth activation functions, and the error function behind gelu: by hand, Python's, PyTorch's, bad input."""

import math

import numpy as np
import pytest
from torch_twin import assert_twins

import tinyconv
from tinyconv.errors import ArgumentError, DTypeError, UnknownNameError
from tinyconv.kernels.erf import erfc
from tinyconv.ops.activation_smooth import gelu, normal_cdf, scaled_tanh, silu, softplus
from tinyconv.tensor import Tensor

inf, nan = np.inf, np.nan
FUNCTIONS = {"gelu": gelu, "silu": silu, "softplus": softplus, "scaled_tanh": scaled_tanh, "normal_cdf": normal_cdf}
LN2 = math.log(2)
PHI_1 = 0.8413447460685429  # of any table of the normal distribution


# ---------------------------------------------------------------- the error function


@pytest.mark.parametrize("limits", [(-0.47, 0.47), (0.46, 4.01), (-4.01, -0.46), (3.99, 26), (-30, -3.99)], ids=str)
def test_erfc_is_pythons(rng, limits):
    x = np.concatenate([rng.uniform(*limits, 20_000), limits])
    expected = np.array([math.erfc(v) for v in x])
    np.testing.assert_allclose(erfc(x), expected, rtol=2e-15)
    np.testing.assert_allclose(1 - erfc(x), [math.erf(v) for v in x], rtol=0, atol=1e-15)


def test_erfc_at_the_borders_of_its_formulas_and_at_the_ends():
    x = np.array([0.0, -0.0, 0.46875, np.nextafter(0.46875, 1), 4.0, np.nextafter(4.0, 5), 26.5, 1e-300])
    np.testing.assert_allclose(erfc(x), [math.erfc(v) for v in x], rtol=2e-15)
    np.testing.assert_array_equal(erfc(np.array([28.0, 1e300, inf, -inf, nan])), [0, 0, 0, 2, nan])
    assert erfc(np.zeros(0)).shape == (0,)


def test_tails_of_the_normal_distribution(engine):
    """1 - Phi(8) = 6.2e-16 would be lost in 1 - erf; so would Phi(-37) = 5.7e-300."""
    x = np.array([-8.0, -20.0, -37.0])
    np.testing.assert_allclose(normal_cdf(x).data, [math.erfc(-v / math.sqrt(2)) / 2 for v in x], rtol=1e-12)


# ---------------------------------------------------------------- by hand


@pytest.mark.parametrize(
    ("function", "x", "y"),
    [
        (silu, [0, math.log(3), -math.log(3)], [0, 3 / 4 * math.log(3), -1 / 4 * math.log(3)]),
        (silu, [1000, -1000, inf, nan], [1000, 0, inf, nan]),
        (normal_cdf, [0, 1, -1, inf, -inf, nan], [1 / 2, PHI_1, 1 - PHI_1, 1, 0, nan]),
        (gelu, [0, 1, -1, 1000, -1000, inf, nan], [0, PHI_1, PHI_1 - 1, 1000, 0, inf, nan]),
        (softplus, [0, math.log(3), -math.log(3)], [LN2, math.log(4), math.log(4 / 3)]),
        (softplus, [1000, -1000, inf, -inf, nan], [1000, 0, inf, 0, nan]),
        (scaled_tanh, [0, 1.5 * LN2, -1.5 * LN2, inf], [0, 1.7159 * 3 / 5, -1.7159 * 3 / 5, 1.7159]),
    ],
)
def test_values_by_hand(engine, function, x, y):
    np.testing.assert_allclose(function(np.array(x, np.float64)).data, y, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(
    ("function", "x", "dx"),
    [
        (silu, [0, math.log(3), 1000], [1 / 2, 3 / 4 * (1 + math.log(3) / 4), 1]),
        (normal_cdf, [0, 1], [1 / math.sqrt(2 * math.pi), math.exp(-0.5) / math.sqrt(2 * math.pi)]),
        (gelu, [0, 1], [1 / 2, PHI_1 + math.exp(-0.5) / math.sqrt(2 * math.pi)]),
        (softplus, [0, math.log(3), 1000, -1000], [1 / 2, 3 / 4, 1, 0]),
        (scaled_tanh, [0, 1.5 * LN2], [1.7159 * 2 / 3, 1.7159 * 2 / 3 * 16 / 25]),
    ],
)
def test_slopes_by_hand(engine, function, x, dx):
    x = Tensor(np.array(x, np.float64), requires_grad=True)
    function(x).backward(np.ones(x.shape))
    np.testing.assert_allclose(x.grad.data, dx, rtol=1e-14, atol=1e-16)


def test_scaled_tanh_is_about_1_at_1(engine):
    np.testing.assert_allclose(scaled_tanh(np.array([1.0, -1.0])).data, [1, -1], atol=1e-4)


def test_softplus_is_x_above_the_threshold_exactly(engine):
    x = np.array([1.9, 2.1])
    y = softplus(x, 2.0, 4.0).data
    assert y[0] == pytest.approx(math.log(1 + math.exp(3.8)) / 2, rel=1e-14)
    assert y[1] == 2.1


def test_the_approximation_of_gelu_is_wrong_by_at_most_5e_4(engine):
    x = np.linspace(-6, 6, 2001)
    assert 4e-4 < np.abs(gelu(x).data - gelu(x, "tanh").data).max() < 5e-4


# ---------------------------------------------------------------- beside PyTorch


@pytest.mark.parametrize("shape", [(3, 4), (), (2, 3, 4, 5), (0, 3)], ids=str)
@pytest.mark.parametrize("name", ["gelu", "silu", "softplus"])
def test_is_pytorchs(engine, rng, name, shape):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    x = np.asarray(3 * rng.standard_normal(shape))
    assert_twins(rng, FUNCTIONS[name], getattr(torch.nn.functional, name), x)


def test_gelu_by_tanh_is_pytorchs(engine, rng):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    theirs = torch.nn.functional.gelu
    x = 3 * rng.standard_normal((4, 5))
    assert_twins(rng, lambda x: gelu(x, "tanh"), lambda x: theirs(x, approximate="tanh"), x)


@pytest.mark.parametrize(("beta", "threshold"), [(0.5, 20.0), (2.0, 1.0), (3.0, 0.0)])
def test_any_softplus_is_pytorchs(engine, rng, beta, threshold):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    theirs = torch.nn.functional.softplus
    x = 3 * rng.standard_normal((4, 5))
    assert_twins(rng, lambda x: softplus(x, beta, threshold), lambda x: theirs(x, beta, threshold), x)


@pytest.mark.parametrize("largest", [1e-3, 1, 10, 80], ids=str)
def test_float32_in_numba_is_right_to_6_units_in_the_last_place(largest, rng):
    pytest.importorskip("numba", reason="Numba is not installed")
    x = rng.uniform(-largest, largest, 100_001).astype(np.float32)
    exact = x / (1 + np.exp(-x.astype(np.float64)))
    with tinyconv.engine("numba"):
        y = silu(x).data
    assert (np.abs(y - exact) / np.spacing(np.abs(exact).astype(np.float32))).max() < 6


# ---------------------------------------------------------------- types and bad input


@pytest.mark.parametrize("name", ["silu", "softplus", "scaled_tanh"])
def test_a_complex_step_gives_the_derivative(engine, rng, name):
    function = FUNCTIONS[name]
    x, v, h = rng.standard_normal((2, 5)), rng.standard_normal((2, 5)), 1e-6
    slope = (function(x + h * v).data - function(x - h * v).data) / (2 * h)
    y = function(x + 1j * 1e-30 * v).data
    np.testing.assert_allclose(y.real, function(x).data, rtol=1e-14)
    np.testing.assert_allclose(y.imag / 1e-30, slope, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_dtypes_are_kept(engine, name, dtype, rng):
    x = Tensor(rng.standard_normal((3, 4)).astype(dtype), requires_grad=True)
    y = FUNCTIONS[name](x)
    y.backward(np.ones((3, 4), dtype))
    assert y.dtype == x.grad.dtype == dtype


@pytest.mark.parametrize("name", FUNCTIONS)
def test_whole_numbers_become_float32(engine, name):
    assert FUNCTIONS[name](np.array([1, 2])).dtype == np.float32


@pytest.mark.parametrize("name", ["gelu", "normal_cdf"])
def test_the_error_function_is_real(name):
    with pytest.raises(DTypeError, match=f"{name}: is not defined for complex numbers"):
        FUNCTIONS[name](np.ones(2, complex))


def test_bad_arguments():
    with pytest.raises(UnknownNameError, match="gelu: there is no approximation 'erf'"):
        gelu(np.ones(2), "erf")
    with pytest.raises(ArgumentError, match="softplus: beta is -1.0; it must be above 0"):
        softplus(np.ones(2), -1)
    with pytest.raises(ArgumentError, match="softplus: threshold is nan; it must be a finite number"):
        softplus(np.ones(2), 1, nan)
