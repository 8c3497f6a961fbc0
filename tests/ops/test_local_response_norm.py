"""Local response normalisation: by hand, AlexNet's as its paper has it, PyTorch's, memory, bad input."""

import numpy as np
import pytest
from torch_twin import assert_twins

import tinyconv
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.ops.local_response_norm import local_response_norm
from tinyconv.tensor import Tensor, grad


def test_by_hand(engine):
    """Channels 1, 2, 3 and a window of 3: sums of squares 1+4, 1+4+9, 4+9;  s = 1 + 3/3 sum,  y = x / s."""
    x = Tensor(np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1), requires_grad=True)
    y = local_response_norm(x, 3, alpha=3.0, beta=1.0, k=1.0)
    np.testing.assert_allclose(y.data.ravel(), [1 / 6, 2 / 15, 3 / 14], rtol=1e-15)
    # d y1 / d x: channel 2 sees all three;   d (x1/s1) = 1/s1 - x1 2 x1/s1^2,  and -x1 2 xc/s1^2 for the others
    (dx,) = grad(y, x, np.array([0.0, 1.0, 0.0]).reshape(1, 3, 1))
    np.testing.assert_allclose(dx.data.ravel(), [-4 / 225, 1 / 15 - 8 / 225, -12 / 225], rtol=1e-14)


def test_an_even_window_reaches_further_to_the_front(engine):
    """size 2: the channel before and the channel itself."""
    y = local_response_norm(np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1), 2, alpha=2.0, beta=1.0, k=0.0)
    np.testing.assert_allclose(y.data.ravel(), [1 / 1, 2 / 5, 3 / 13], rtol=1e-15)


def test_alexnets_as_in_its_paper(engine, rng):
    """b_i = a_i / (k + alpha sum_j a_j^2)^beta, j from max(0, i - n/2) to min(N - 1, i + n/2): no 1/n at alpha."""
    a, k, n, alpha, beta = 20 * rng.standard_normal((2, 7, 3, 3)), 2, 5, 1e-4, 0.75
    b = np.empty_like(a)
    for i in range(7):
        total = (a[:, max(0, i - n // 2) : min(6, i + n // 2) + 1] ** 2).sum(1)
        b[:, i] = a[:, i] / (k + alpha * total) ** beta
    y = local_response_norm(a, size=5, alpha=5e-4, beta=0.75, k=2)
    np.testing.assert_allclose(y.data, b, rtol=1e-13)


@pytest.mark.parametrize("shape", [(2, 6, 3, 4), (2, 5, 4), (1, 1, 2, 2), (1, 3, 2, 2, 2)], ids=str)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 9])
def test_is_pytorchs(engine, rng, shape, size):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    theirs = torch.nn.functional.local_response_norm
    assert_twins(
        rng,
        lambda x: local_response_norm(x, size, 0.7, 0.75, 1.3),
        lambda x: theirs(x, size, 0.7, 0.75, 1.3),
        rng.standard_normal(shape),
    )


@pytest.mark.parametrize("beta", [0.75, 0.6])
def test_float32_is_right_to_its_last_digits(engine, rng, beta):
    x = (10 * rng.standard_normal((2, 24, 3, 3))).astype(np.float32)
    dy = rng.standard_normal(x.shape).astype(np.float32)

    def of(x, dy):
        x = Tensor(x, requires_grad=True)
        y = local_response_norm(x, 5, 0.5, beta, 2.0)
        return y.data, grad(y, x, dy)[0].data

    for single, double in zip(of(x, dy), of(x.astype(float), dy.astype(float)), strict=True):
        np.testing.assert_allclose(single, double, rtol=2e-5, atol=1e-6)


def test_channels_last_stays_channels_last(rng):
    pytest.importorskip("numba", reason="Numba is not installed, and NumPy chooses an order of its own")
    x = np.moveaxis(rng.standard_normal((2, 3, 4, 5), np.float32), -1, 1)
    with tinyconv.engine("numba"):
        y = local_response_norm(x, 5)
    assert y.data.transpose(0, 2, 3, 1).flags.c_contiguous


def test_backward_keeps_nothing_but_x():
    x = Tensor(np.ones((1, 3, 2, 2)), requires_grad=True)
    (rule,) = local_response_norm(x, 3).grad_fn.rules
    kept = [cell.cell_contents for cell in rule.function.__closure__]
    assert [value is x for value in kept if not isinstance(value, (int, float))] == [True]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (dict(input=np.ones((2, 3))), ShapeError, r"input has shape \(2, 3\); it must be \(N, C, L\)"),
        (dict(input=np.ones((2, 0, 3))), ShapeError, r"input has shape \(2, 0, 3\); it must be"),
        (dict(size=0), ArgumentError, "size is 0; it must be a whole number of at least 1"),
        (dict(size="5"), ArgumentError, "size is '5'; it must be a whole number"),
        (dict(alpha=-1e-4), ArgumentError, "alpha is -0.0001; it must be a finite number of at least 0"),
        (dict(beta=float("inf")), ArgumentError, "beta is inf; it must be a finite number"),
        (dict(k=float("nan")), ArgumentError, "k is nan; it must be a finite number of at least 0"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=f"^local_response_norm: {message}"):
        local_response_norm(**{"input": np.ones((1, 3, 2)), "size": 3, **arguments})
