"""Cross entropy: cases by hand, PyTorch's values and gradients, targets of every form, bad input."""

import math

import numpy as np
import pytest
from torch_twin import assert_twins

from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from tinyconv.gradcheck import gradcheck
from tinyconv.ops.loss import cross_entropy, nll_loss
from tinyconv.tensor import Tensor

REDUCTIONS = ["mean", "sum", "none"]


# ---------------------------------------------------------------- cross entropy


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_cross_entropy_by_hand(engine, reduction):
    """e^x is (1, 1, 2) and (3, 1, 1): the probabilities of classes 2 and 1 are 2/4 and 1/5."""
    x = Tensor(np.log([[1, 1, 2], [3, 1, 1]]), requires_grad=True)
    losses = np.array([math.log(2), math.log(5)])
    errors = np.array([[1 / 4, 1 / 4, 2 / 4 - 1], [3 / 5, 1 / 5 - 1, 1 / 5]])
    expected = {"mean": losses.mean(), "sum": losses.sum(), "none": losses}[reduction]

    loss = cross_entropy(x, np.array([2, 1]), reduction=reduction)
    loss.backward(np.ones(loss.shape))

    np.testing.assert_allclose(loss.data, expected, rtol=1e-14)
    np.testing.assert_allclose(x.grad.data, errors / 2 if reduction == "mean" else errors, rtol=1e-14)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(5, 4), (1, 1), (3, 7, 2, 5), (2, 3, 6)], ids=str)
def test_cross_entropy_of_labels_is_pytorchs(engine, rng, shape, reduction):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    labels = rng.integers(0, shape[1], (shape[0], *shape[2:]))
    assert_twins(
        rng,
        lambda x: cross_entropy(x, labels, reduction=reduction),
        lambda x: torch.nn.functional.cross_entropy(x, torch.tensor(labels), reduction=reduction),
        rng.standard_normal(shape),
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(5, 4), (2, 3, 4, 2)], ids=str)
def test_cross_entropy_of_any_targets_is_pytorchs(engine, rng, shape, reduction):
    """Targets whose sum is not 1, and to which a gradient flows too."""
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    assert_twins(
        rng,
        lambda x, t: cross_entropy(x, t, reduction=reduction),
        lambda x, t: torch.nn.functional.cross_entropy(x, t, reduction=reduction),
        rng.standard_normal(shape),
        rng.random(shape),
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, bool])
def test_one_hot_targets_are_labels(engine, rng, dtype):
    x, labels = rng.standard_normal((6, 3)), rng.integers(0, 3, 6)
    loss = cross_entropy(x, np.eye(3, dtype=dtype)[labels])
    assert loss.dtype == np.float64
    assert loss.item() == cross_entropy(x, labels).item()


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "uint64"])
def test_labels_may_be_of_any_whole_type(dtype):
    x = np.log([[1.0, 3.0], [1.0, 1.0]])
    loss = cross_entropy(x, np.array([1, 0], dtype), reduction="sum")
    assert loss.item() == pytest.approx(math.log(4 / 3) + math.log(2))


def test_large_logits_do_not_overflow(engine):
    x = Tensor(np.array([[1e4, 0, -1e4], [-1e4, -1e4, -1e4]]), requires_grad=True)
    loss = cross_entropy(x, [1, 0], reduction="none")
    loss.backward(np.ones(2))
    np.testing.assert_allclose(loss.data, [1e4, math.log(3)], rtol=1e-14)
    np.testing.assert_allclose(x.grad.data, [[1, -1, 0], [-2 / 3, 1 / 3, 1 / 3]], rtol=1e-14)


@pytest.mark.parametrize("target", [[1, 1], np.array([[0, 1.0, 0], [0, 1.0, 0]])], ids=["labels", "one-hot"])
def test_an_impossible_class_costs_nothing_unless_it_is_the_target(engine, target):
    x = Tensor(np.array([[0, 0, -np.inf], [0, -np.inf, 0]]), requires_grad=True)
    loss = cross_entropy(x, target, reduction="none")
    loss.backward(np.ones(2))
    np.testing.assert_allclose(loss.data, [math.log(2), np.inf], rtol=1e-14)
    np.testing.assert_array_equal(x.grad.data, [[0.5, -0.5, 0], [0.5, -1, 0.5]])


def test_a_complex_step_gives_the_derivative(engine, rng):
    """Analytic in logits and targets: what the gradient check relies on, in every engine."""
    x, t, v, u = (rng.standard_normal((4, 3)) for _ in range(4))
    loss = cross_entropy(x + 1e-30j * v, t + 1e-30j * u).item()
    x, t = Tensor(x, requires_grad=True), Tensor(t, requires_grad=True)
    cross_entropy(x, t).backward()
    np.testing.assert_allclose(loss.imag / 1e-30, (x.grad.data * v + t.grad.data * u).sum(), rtol=1e-12)


def test_float32_logits_give_a_float32_loss(engine, rng):
    x = Tensor(rng.standard_normal((4, 3)).astype(np.float32), requires_grad=True)
    loss = cross_entropy(x, rng.random((4, 3)))
    loss.backward()
    assert loss.dtype == x.grad.dtype == np.float32


def test_labels_changed_in_place_do_not_change_the_gradient(rng):
    x, labels = Tensor(rng.standard_normal((4, 3)), requires_grad=True), np.array([0, 1, 2, 0])
    loss = cross_entropy(x, labels)
    labels[:] = 0  # a loader may use its buffer again
    loss.backward()
    e = np.exp(x.data)
    expected = (e / e.sum(1, keepdims=True) - np.eye(3)[[0, 1, 2, 0]]) / 4
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-13, atol=1e-15)


def test_an_empty_batch_has_a_sum_but_no_mean():
    x, labels = np.zeros((0, 3)), np.zeros(0, int)
    assert cross_entropy(x, labels, reduction="sum").item() == 0
    assert cross_entropy(x, labels, reduction="none").shape == (0,)
    for loss in (cross_entropy, nll_loss):
        with pytest.raises(ShapeError, match=r"the batch is empty, and has no mean loss; reduction='sum' gives 0"):
            loss(x, labels)


# ---------------------------------------------------------------- weights, ignored labels, smoothing

W = np.array([1.0, 3.0, 0.5])


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_weights_by_hand(engine, reduction):
    """Classes 2 and 1, of probabilities 2/4 and 1/5, weigh 0.5 and 3: the mean divides by 3.5."""
    x = Tensor(np.log([[1, 1, 2], [3, 1, 1]]), requires_grad=True)
    losses = np.array([0.5 * math.log(2), 3 * math.log(5)])
    errors = np.array([[0.5 * 1 / 4, 0.5 * 1 / 4, 0.5 * (2 / 4 - 1)], [3 * 3 / 5, 3 * (1 / 5 - 1), 3 * 1 / 5]])
    expected = {"mean": losses.sum() / 3.5, "sum": losses.sum(), "none": losses}[reduction]

    loss = cross_entropy(x, [2, 1], W, reduction=reduction)
    loss.backward(np.ones(loss.shape))

    np.testing.assert_allclose(loss.data, expected, rtol=1e-14)
    np.testing.assert_allclose(x.grad.data, errors / 3.5 if reduction == "mean" else errors, rtol=1e-14)


def test_ignored_labels_by_hand(engine):
    x = Tensor(np.log([[1, 1, 2], [3, 1, 1], [0.5, 1, 1]]), requires_grad=True)
    loss = cross_entropy(x, [2, 7, 0], ignore_index=7)
    loss.backward()
    assert loss.item() == pytest.approx((math.log(2) + math.log(5)) / 2, rel=1e-14)
    expected = [[1 / 8, 1 / 8, -1 / 4], [0, 0, 0], [-0.4, 0.2, 0.2]]
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-13, atol=1e-16)


def test_label_smoothing_by_hand(engine):
    """Of three classes with e = 0.3 the right one gets 0.8, the others 0.1."""
    x = Tensor(np.log([[1.0, 1.0, 2.0]]), requires_grad=True)
    loss = cross_entropy(x, [2], label_smoothing=0.3)
    loss.backward()
    assert loss.item() == pytest.approx(0.8 * math.log(2) + 0.2 * math.log(4), rel=1e-14)
    np.testing.assert_allclose(x.grad.data, [[0.25 - 0.1, 0.25 - 0.1, 0.5 - 0.8]], rtol=1e-14)


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.25}], ids=str)
def test_labels_and_their_one_hot_rows_give_the_same_sum(rng, options):
    x, labels = rng.standard_normal((7, 3)), rng.integers(0, 3, 7)
    by_label = cross_entropy(x, labels, W, reduction="sum", **options)
    by_row = cross_entropy(x, np.eye(3)[labels], W, reduction="sum", **options)
    assert by_label.item() == pytest.approx(by_row.item(), rel=1e-13)


def test_ignored_pixels_of_impossible_logits_cost_nothing(engine):
    """-inf at the class that stands in for an ignored label must not become NaN."""
    x = Tensor(np.array([[-np.inf, 0.0], [0.0, 0.0]]), requires_grad=True)
    loss = cross_entropy(x, [-100, 1])
    loss.backward()
    assert loss.item() == pytest.approx(math.log(2))
    np.testing.assert_allclose(x.grad.data, [[0, 0], [0.5, -0.5]])


@pytest.mark.parametrize("weight", [None, W], ids=["plain", "weights"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", [cross_entropy, nll_loss])
def test_options_keep_the_dtype(rng, loss, dtype, weight):
    x = Tensor(rng.standard_normal((4, 3)).astype(dtype), requires_grad=True)
    y = loss(x, [0, 1, -100, 2], weight)
    y.backward()
    assert y.dtype == x.grad.dtype == dtype


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_weights_have_gradients_too(rng, smoothing):
    """PyTorch refuses them; here they come with the operations that the loss is made of."""
    x, w = (Tensor(a, requires_grad=True) for a in (rng.standard_normal((5, 3)), rng.uniform(0.5, 2, 3)))
    labels = np.array([0, 2, -100, 1, 1])
    gradcheck(lambda x, w: cross_entropy(x, labels, w, label_smoothing=smoothing), [x, w], order=2)


def test_a_call_without_options_is_one_fused_operation():
    x = Tensor(np.zeros((3, 4), np.float32), requires_grad=True)
    losses = cross_entropy(x, [0, 1, 2], reduction="none")
    names, source = [], losses.grad_fn
    while source is not x:
        names.append(source.name)
        source = source.rules[0].sources[0]
    assert names == ["reshape", "cross_entropy"]


# ---------------------------------------------------------------- nll_loss


def test_nll_loss_by_hand(engine):
    x = Tensor(np.log([[0.5, 0.5], [0.2, 0.8]]), requires_grad=True)
    loss = nll_loss(x, [0, 1])
    loss.backward()
    assert loss.item() == pytest.approx(-(math.log(0.5) + math.log(0.8)) / 2, rel=1e-14)
    np.testing.assert_array_equal(x.grad.data, [[-0.5, 0], [0, -0.5]])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(5, 4), (3, 4, 2, 5)], ids=str)
def test_nll_loss_is_pytorchs(rng, shape, reduction):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    labels = rng.integers(0, shape[1], (shape[0], *shape[2:]))
    assert_twins(
        rng,
        lambda x: nll_loss(x, labels, reduction=reduction),
        lambda x: torch.nn.functional.nll_loss(x, torch.tensor(labels), reduction=reduction),
        rng.standard_normal(shape),
    )


# ---------------------------------------------------------------- bad input

X = np.zeros((5, 10), np.float32)


@pytest.mark.parametrize("loss", [cross_entropy, nll_loss])
@pytest.mark.parametrize(
    ("x", "target", "error", "message"),
    [
        (X, [0, 1, 2, 10, 4], ArgumentError, r"target\[3\] is 10; 10 classes have labels from 0 to 9"),
        (X, [0, 1, 2, 3, -1], ArgumentError, r"target\[4\] is -1; 10 classes"),
        (np.zeros((1, 2, 2, 2)), [[[0, 1], [2, 0]]], ArgumentError, r"target\[0, 1, 0\] is 2; 2 classes"),
        (X, np.zeros(5), DTypeError, r"target \(5,\) holds class labels, but is float64; convert with"),
        (X, np.zeros(5, bool), DTypeError, "holds class labels, but is bool"),
        (
            X,
            np.zeros(4, int),
            ShapeError,
            r"target has shape \(4,\); input \(5, 10\) needs labels of shape \(5,\)",
        ),
        (X, 3, ShapeError, r"target has shape \(\); input \(5, 10\) needs labels of shape \(5,\)"),
        (X[0], 3, ShapeError, r"input has shape \(10,\); it must be \(N, K\) or \(N, K, H, W\)"),
        (X[:, :0], np.zeros(5, int), ShapeError, r"input has shape \(5, 0\); it must be .* with K classes"),
    ],
)
def test_bad_targets_and_inputs(loss, x, target, error, message):
    with pytest.raises(error, match=message):
        loss(x, target)


def test_target_of_neither_shape():
    with pytest.raises(ShapeError, match=r"cross_entropy: target .* or probabilities of shape \(5, 10\)"):
        cross_entropy(X, np.zeros((5, 1)))
    with pytest.raises(ShapeError, match=r"nll_loss: target has shape \(5, 10\); .* needs labels of shape \(5,\)"):
        nll_loss(X, X)


@pytest.mark.parametrize("loss", [cross_entropy, nll_loss])
def test_unknown_reduction(loss):
    with pytest.raises(UnknownNameError, match=r"no reduction 'maen'. Did you mean 'mean'\? Known: mean, none, sum"):
        loss(X, X, reduction="maen")
