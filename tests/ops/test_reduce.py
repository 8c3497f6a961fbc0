"""Sums and extremes: values against NumPy, gradients against PyTorch, ties by hand."""

import numpy as np
import pytest

import tinyconv
from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops import reduce

AXES = [None, 0, 1, -1, (0,), (0, 2), (-1, 0), [1, 2], (0, 1, 2)]
NUMPY = {
    "sum": np.sum,
    "mean": np.mean,
    "amax": np.max,
    "amin": np.min,
    "var": lambda x, **k: np.var(x, ddof=1, **k),
}
TORCH = {"sum": "sum", "mean": "mean", "amax": "amax", "amin": "amin", "var": "var"}


def leaf(values):
    return tinyconv.tensor(np.asarray(values, np.float64), requires_grad=True)


@pytest.mark.parametrize(("name", "best"), [("max", np.argmax), ("min", np.argmin)])
@pytest.mark.parametrize("dim", [0, 1, -1])
@pytest.mark.parametrize("keepdim", [False, True])
def test_max_along_an_axis_is_a_pair_of_values_and_indices(name, best, dim, keepdim, rng):
    array = rng.integers(0, 3, (2, 4, 3)).astype(float)
    x = leaf(array)
    values, indices = getattr(x, name)(dim, keepdim)
    where = best(array, dim, keepdims=True)
    expected = np.take_along_axis(array, where, dim)
    if not keepdim:
        where, expected = where.squeeze(dim), expected.squeeze(dim)
    np.testing.assert_array_equal(indices.data, where)
    np.testing.assert_array_equal(values.data, expected)

    dy = rng.standard_normal(expected.shape)  # all of it goes to the first of equals
    values.backward(dy)
    dx = np.zeros_like(array)
    np.put_along_axis(dx, best(array, dim, keepdims=True), dy.reshape(best(array, dim, keepdims=True).shape), dim)
    np.testing.assert_array_equal(x.grad.data, dx)


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("dim", AXES, ids=str)
@pytest.mark.parametrize("name", NUMPY)
def test_values_and_gradients(name, dim, keepdim, rng):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    array = rng.standard_normal((2, 3, 4)).transpose(1, 0, 2)
    x, t = leaf(array), torch.tensor(array, requires_grad=True)
    y = getattr(reduce, name)(x, dim, keepdim=keepdim)
    axis = tuple(dim) if isinstance(dim, list) else dim
    np.testing.assert_allclose(y.detach().data, NUMPY[name](array, axis=axis, keepdims=keepdim), rtol=1e-13)
    dy = rng.standard_normal(y.shape)
    y.backward(dy)
    expected = getattr(torch, TORCH[name])(t, dim=(0, 1, 2) if dim is None else dim, keepdim=keepdim)
    assert y.shape == tuple(expected.shape)
    expected.backward(torch.tensor(dy))
    np.testing.assert_allclose(x.grad.data, t.grad.numpy(), rtol=1e-12, atol=1e-14)


def test_by_hand():
    x = leaf([[1, 2, 3], [4, 5, 9]])
    assert x.sum().item() == 24
    assert x.mean(1).tolist() == [2, 6]
    assert x.var(1).tolist() == [1, 7]
    assert x.var(1, correction=0).tolist() == [2 / 3, 14 / 3]
    assert x.amax(0).tolist() == [4, 5, 9]
    assert x.min().item() == 1


def test_gradients_by_hand():
    """d var / dx = 2 (x - mean) / (n - 1), and the mean is 2"""
    x = leaf([1, 2, 3])
    x.var().backward()
    assert x.grad.tolist() == [-1, 0, 1]
    x.grad = None
    x.mean().backward()
    assert x.grad.tolist() == [1 / 3] * 3


@pytest.mark.parametrize("correction", [0, 1, 2])
def test_correction(correction, rng):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    array = rng.standard_normal((4, 5))
    x, t = leaf(array), torch.tensor(array, requires_grad=True)
    dy = rng.standard_normal(4)
    y, expected = x.var(1, correction=correction), t.var(1, correction=correction)
    np.testing.assert_allclose(y.detach().data, expected.detach().numpy(), rtol=1e-13)
    y.backward(dy)
    expected.backward(torch.tensor(dy))
    np.testing.assert_allclose(x.grad.data, t.grad.numpy(), rtol=1e-12)


def test_equal_extremes_share_the_gradient():
    x = leaf([[3, 3, 1], [2, 5, 5]])
    x.amax(1).backward(np.array([10.0, 6.0]))
    assert x.grad.tolist() == [[5, 5, 0], [0, 3, 3]]
    x.grad = None
    (-x).min().backward()
    assert x.grad.tolist() == [[0, 0, 0], [0, -0.5, -0.5]]


def test_a_mean_of_equal_numbers_is_exact():
    """7 times 1/49 of 7 is 1 only if the division comes last."""
    for n in range(1, 200):
        assert tinyconv.ones(n).mean().item() == 1


def test_not_a_number_stays_one():
    x = leaf([1, np.nan, 2])
    y = x.max()
    assert np.isnan(y.item())
    y.backward()  # without a warning
    assert x.grad.shape == (3,)


def test_dtypes():
    assert tinyconv.tensor([1, 2]).sum().dtype == np.int64
    assert tinyconv.tensor([True, True]).sum().item() == 2
    assert tinyconv.tensor(np.array([200, 100], np.uint8)).sum().dtype == np.int64
    assert tinyconv.tensor([1, 2]).mean().dtype == np.float32
    assert tinyconv.tensor([1, 2]).mean().item() == 1.5
    assert tinyconv.tensor([3, 1]).max().dtype == np.int64
    x = tinyconv.tensor([1.0, 2.0], requires_grad=True)
    for f in (reduce.sum, reduce.mean, reduce.var, reduce.amax):
        assert f(x).dtype == np.float32


def test_zero_dimensions():
    x = leaf(3.0)
    for f in (reduce.sum, reduce.mean, reduce.amax, reduce.amin):
        x.grad = None
        f(x).backward()
        assert x.grad.item() == 1


def test_nothing_to_sum():
    x = leaf(np.zeros((0, 3)))
    assert x.sum().item() == 0
    assert x.sum(0).tolist() == [0, 0, 0]
    assert x.sum(1).shape == x.amax(1).shape == (0,)
    assert np.isnan(x.mean(0).detach().data).all()
    x.sum().backward()
    assert x.grad.shape == (0, 3)


@pytest.mark.parametrize("dim", [None, 0, 1, -1])
@pytest.mark.parametrize("keepdim", [False, True])
def test_argmax(dim, keepdim, rng):
    array = rng.integers(0, 4, (3, 5)).astype(np.float64)
    y = leaf(array).argmax(dim, keepdim)
    np.testing.assert_array_equal(y.data, np.argmax(array, dim, keepdims=keepdim))
    assert not y.requires_grad


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: x.sum(2), ShapeError, r"sum: dim 2 is out of range for shape \(2, 3\)"),
        (lambda x: x.mean(-3), ShapeError, "mean: dim -3 is out of range"),
        (lambda x: x.var((0, 0)), ShapeError, r"var: \(0, 0\) names an axis of shape \(2, 3\) twice"),
        (lambda x: x.amax((1, -1)), ShapeError, r"amax: \(1, -1\) names an axis"),
        (lambda x: x.max((0, 1)), ArgumentError, r"max: dim is \(0, 1\); only one axis has indices. For several: amax"),
        (lambda x: x.sum(1.0), ArgumentError, "sum: dim is 1.0; an axis is a whole number"),
        (lambda x: x.argmax((0, 1)), ArgumentError, r"argmax: dim is \(0, 1\); an axis is a whole number"),
        (lambda x: x[:0].max(0), ShapeError, r"max: a tensor of shape \(0, 3\) has no elements along \(0,\)"),
        (lambda x: x[:0].min(), ShapeError, r"min: .* no elements along \(0, 1\)"),
        (lambda x: x[:0].argmax(0), ShapeError, r"argmax: .* has no elements along \(0,\)"),
        (
            lambda x: x[0, 0].var(),
            ArgumentError,
            r"var: 1 element\(s\) less a correction of 1 leaves nothing",
        ),
        (lambda x: (x * 1j).max(), DTypeError, "max: is not defined for complex"),
        (lambda x: (x * 1j).min(), DTypeError, "min: is not defined for complex"),
        (lambda x: (x * 1j).var(), DTypeError, "var: is not defined for complex"),
        (lambda x: (x * 1j).argmax(), DTypeError, "argmax: is not defined for complex"),
    ],
)
def test_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call(tinyconv.ones(2, 3))
