"""Batch normalisation: a case by hand, PyTorch's gradients, running statistics, far-off means, bad input."""

import numpy as np
import pytest
from torch_twin import assert_twins

from tinyconv.errors import ArgumentError, DTypeError, GraphError, ShapeError
from tinyconv.ops.norm import batch_norm
from tinyconv.tensor import Tensor, grad

SHAPES = [(4, 3, 5, 2), (6, 3), (2, 3, 7), (5, 1, 3, 3), (1, 4, 2, 2), (2, 3, 1, 1)]


def test_by_hand(engine):
    """Channel 0 holds 1 and 3, channel 1 twice 10: the means are 2 and 10, the variances 1 and 0."""
    x = np.array([[1.0, 10.0], [3.0, 10.0]])
    mean, var = Tensor(np.zeros(2)), Tensor(np.ones(2))
    weight, bias = np.array([2.0, 5.0]), np.array([0.5, -1.0])

    y = batch_norm(x, mean, var, weight, bias, training=True, momentum=0.1, eps=3.0)

    np.testing.assert_allclose(y.data, [[-0.5, -1], [1.5, -1]], rtol=1e-15)  # (1 - 2)/sqrt(1 + 3) * 2 + 0.5
    np.testing.assert_allclose(mean.data, [0.1 * 2, 0.1 * 10], rtol=1e-15)
    np.testing.assert_allclose(var.data, [0.9 + 0.1 * 2, 0.9], rtol=1e-15)  # 1/(n-1): the batch's are 2 and 0

    y = batch_norm(x, mean, var, weight, bias, eps=0.1)

    np.testing.assert_allclose(y.data[:, 1], 5 * (10 - 1) / 1 - 1, rtol=1e-15)  # sqrt(0.9 + 0.1) = 1


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_is_pytorchs(engine, rng, shape, training):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    C = shape[1]
    mean, var = rng.standard_normal(C), 0.5 + rng.random(C)
    assert_twins(
        rng,
        lambda x, w, b: batch_norm(x, Tensor(mean.copy()), Tensor(var.copy()), w, b, training, eps=0.1),
        lambda x, w, b: torch.nn.functional.batch_norm(
            x, torch.tensor(mean), torch.tensor(var), w, b, training, eps=0.1
        ),
        2 + 3 * rng.standard_normal(shape),
        rng.standard_normal(C),
        rng.standard_normal(C),
    )


@pytest.mark.parametrize("momentum", [0.1, 0.0, 1.0])
def test_running_statistics_are_pytorchs(engine, rng, momentum):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    mean, var = np.zeros(3, np.float32), np.ones(3, np.float32)
    ours, theirs = (Tensor(mean.copy()), Tensor(var.copy())), (torch.tensor(mean), torch.tensor(var))
    for _ in range(3):
        x = (5 + 2 * rng.standard_normal((4, 3, 2, 5))).astype(np.float32)
        batch_norm(x, *ours, training=True, momentum=momentum)
        torch.nn.functional.batch_norm(torch.tensor(x), *theirs, training=True, momentum=momentum)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.data, b.numpy(), rtol=1e-6)
        assert a.dtype == np.float32


def test_running_statistics_change_only_in_training(rng):
    x, mean, var = rng.standard_normal((4, 3)), Tensor(np.zeros(3)), Tensor(np.ones(3))
    batch_norm(x, mean, var)
    np.testing.assert_array_equal(mean.data, 0)
    np.testing.assert_array_equal(var.data, 1)


def test_training_needs_no_running_statistics(rng):
    x = rng.standard_normal((4, 3, 5))
    y = batch_norm(x, None, None, training=True, eps=0).data
    np.testing.assert_allclose(y.mean((0, 2)), 0, atol=1e-14)
    np.testing.assert_allclose(y.var((0, 2)), 1, rtol=1e-14)


def test_the_gradients_are_the_same_with_and_without_recording(engine, rng):
    x = Tensor(rng.standard_normal((5, 3, 4, 2)), requires_grad=True)
    w, b = (Tensor(rng.standard_normal(3), requires_grad=True) for _ in "wb")
    y = batch_norm(x, None, None, w, b, training=True)
    dy = rng.standard_normal(y.shape)
    fused = grad(y, [x, w, b], dy, retain_graph=True)
    recorded = grad(y, [x, w, b], dy, create_graph=True)
    for a, c in zip(fused, recorded, strict=True):
        assert not a.requires_grad and c.requires_grad is (c is not recorded[2])  # db = sum dy knows nothing of x
        np.testing.assert_allclose(a.data, c.data, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_a_complex_step_gives_the_derivative(engine, rng, training):
    """Analytic in x, mean and variance included: <dy, y'(x) v> = <dx, v>. The gradient check relies on it."""
    x, v, dy = (rng.standard_normal((4, 3, 2, 5)) for _ in range(3))
    mean, var = Tensor(np.zeros(3)), Tensor(np.ones(3))
    y = batch_norm(x + 1e-30j * v, mean, var, training=training).data
    x = Tensor(x, requires_grad=True)
    (dx,) = grad(batch_norm(x, Tensor(np.zeros(3)), Tensor(np.ones(3)), training=training), x, dy)
    np.testing.assert_allclose((y.imag / 1e-30 * dy).sum(), (dx.data * v).sum(), rtol=1e-12)
    assert mean.dtype == var.dtype == np.float64


def test_a_mean_of_1e4_in_float32(engine, rng):
    """E[x^2] - E[x]^2 would be wrong by about 1e8 * 6e-8 = 6; the numbers themselves are spaced by 1e-3."""
    x = (1e4 + rng.standard_normal((32, 3, 6, 6))).astype(np.float32)
    mean, var = Tensor(np.zeros(3, np.float32)), Tensor(np.zeros(3, np.float32))

    y = batch_norm(x, mean, var, training=True, momentum=1.0).data

    exact = x.astype(np.float64)
    m, v = exact.mean((0, 2, 3), keepdims=True), exact.var((0, 2, 3), keepdims=True)
    n = x.size / 3
    np.testing.assert_allclose(mean.data, m.ravel(), rtol=1e-7)
    np.testing.assert_allclose(var.data, v.ravel() * n / (n - 1), rtol=1e-5)
    np.testing.assert_allclose(y, (exact - m) / np.sqrt(v + 1e-5), atol=1e-3)


def test_a_constant_channel_is_its_bias(engine):
    x = Tensor(np.full((4, 2, 3, 3), 7.7, np.float32), requires_grad=True)
    y = batch_norm(x, None, None, None, np.array([1, -2], np.float32), training=True)
    y.backward(np.ones(y.shape))
    np.testing.assert_array_equal(y.data[:, 0], 1)
    np.testing.assert_array_equal(y.data[:, 1], -2)
    assert np.isfinite(x.grad.data).all()


def test_an_empty_batch_in_evaluation(engine):
    y = batch_norm(np.zeros((0, 3, 4, 4), np.float32), np.zeros(3, np.float32), np.ones(3, np.float32))
    assert y.shape == (0, 3, 4, 4)


def test_two_training_batches_before_one_backward_pass(rng):
    """The running statistics change in between, but training does not use them."""
    mean, var = Tensor(np.zeros(3)), Tensor(np.ones(3))
    x = Tensor(rng.standard_normal((4, 3)), requires_grad=True)
    y = batch_norm(x, mean, var, training=True)
    batch_norm(x * 2, mean, var, training=True)
    y.backward(np.ones(y.shape))
    assert x.grad is not None


def test_running_statistics_that_changed_since_evaluation_are_noticed(rng):
    mean, var = Tensor(np.zeros(3)), Tensor(np.ones(3))
    x = Tensor(rng.standard_normal((4, 3)), requires_grad=True)
    y = batch_norm(x, mean, var)
    batch_norm(x, mean, var, training=True)
    with pytest.raises(GraphError, match=r"'batch_norm' needs .* was changed in place"):
        y.backward(np.ones(y.shape))


# ---------------------------------------------------------------- bad input

X = np.zeros((4, 3, 5, 5), np.float32)
ONES = np.ones(3, np.float32)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (X[0, 0, 0], ONES, ONES),
            ShapeError,
            r"input has shape \(5,\); it must be \(N, C\), \(N, C, L\) or",
        ),
        ((X[None], ONES, ONES), ShapeError, r"input has shape \(1, 4, 3, 5, 5\); it must be"),
        ((X[:, :0], ONES, ONES), ShapeError, r"input has shape \(4, 0, 5, 5\); it must be"),
        ((X, ONES[:2], ONES), ShapeError, r"has 3 channels, running_mean has shape \(2,\), not \(3,\)"),
        ((X, ONES, ONES[None]), ShapeError, r"has 3 channels, running_var has shape \(1, 3\), not \(3,\)"),
        ((X, ONES, ONES, np.ones(4, np.float32)), ShapeError, r"has 3 channels, weight has shape \(4,\)"),
        ((X, ONES, ONES, ONES, ONES[:1]), ShapeError, r"has 3 channels, bias has shape \(1,\)"),
        (
            (X, ONES, None),
            ArgumentError,
            "with training=False it needs running_mean and running_var: give both",
        ),
        ((X, ONES, ONES, np.ones(3)), DTypeError, "its inputs are float32 and float64"),
        (
            (X[:1, :, 0, 0], None, None, None, None, True),
            ShapeError,
            r"\(1, 3\) has 1 values a channel; .* needs 2",
        ),
        ((X[:0], None, None, None, None, True), ShapeError, "has 0 values a channel"),
        ((X, ONES, ONES, ONES, ONES, True, 1.5), ArgumentError, "momentum is 1.5; it must be .* between 0 and 1"),
        ((X, ONES, ONES, ONES, ONES, True, None), ArgumentError, "momentum is None; it must be .* between 0 and 1"),
        ((X, ONES, ONES, ONES, ONES, False, 0.1, -1), ArgumentError, "eps is -1; it must be .* of at least 0"),
    ],
)
def test_bad_input(arguments, error, message):
    with pytest.raises(error, match=f"batch_norm: .*{message}"):
        batch_norm(*arguments)


def test_bad_input_leaves_the_running_statistics_alone():
    mean, var = Tensor(np.zeros(3, np.float32)), Tensor(np.ones(3, np.float32))
    with pytest.raises(ShapeError):
        batch_norm(X, mean, var, ONES[:1], training=True)
    np.testing.assert_array_equal(mean.data, 0)
    np.testing.assert_array_equal(var.data, 1)
