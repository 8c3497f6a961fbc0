"""The other losses: cases by hand, PyTorch's values and gradients, what weights and extremes do."""

import math

import numpy as np
import pytest
from torch_twin import assert_twins

from tinyconv.errors import ShapeError
from tinyconv.gradcheck import gradcheck
from tinyconv.ops.binary_loss import binary_cross_entropy_with_logits
from tinyconv.ops.margin_loss import multi_margin_loss
from tinyconv.ops.regression_loss import half_squared_error, huber_loss, l1_loss, mse_loss, smooth_l1_loss
from tinyconv.tensor import Tensor

REDUCTIONS = ["mean", "sum", "none"]
X = np.zeros((5, 10), np.float32)


# ---------------------------------------------------------------- regression


def test_mse_loss_by_hand():
    x, t = Tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True), np.array([1.0, 4.0, 0.0])
    loss = mse_loss(x, t)
    loss.backward()
    assert loss.item() == pytest.approx((4 + 9) / 3)
    np.testing.assert_allclose(x.grad.data, [0, -4 / 3, 2], rtol=1e-15)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(5, 4), (), (2, 3, 1, 2)], ids=str)
def test_mse_loss_is_pytorchs(rng, shape, reduction):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    assert_twins(
        rng,
        lambda x, t: mse_loss(x, t, reduction=reduction),
        lambda x, t: torch.nn.functional.mse_loss(x, t, reduction=reduction),
        np.asarray(rng.standard_normal(shape)),
        np.asarray(rng.standard_normal(shape)),
    )


def test_mse_loss_does_not_broadcast():
    with pytest.raises(ShapeError, match=r"input has shape \(5, 10\), target \(5, 1\); they must be the same"):
        mse_loss(X, X[:, :1])


@pytest.mark.parametrize(("reduction", "expected"), [("mean", 1.625), ("sum", 3.25), ("none", [0.125, 3.125])])
def test_half_squared_error_by_hand(reduction, expected):
    """Two samples of two outputs: summed over outputs, averaged over samples."""
    x = Tensor(np.array([[1.0, 2.0], [0.0, 3.0]]), requires_grad=True)
    t = np.array([[1.0, 1.5], [2.0, 1.5]])
    loss = half_squared_error(x, t, reduction=reduction)
    loss.backward(np.ones(loss.shape))
    np.testing.assert_allclose(loss.data, expected, rtol=1e-15)
    np.testing.assert_allclose(x.grad.data, (x.data - t) / (2 if reduction == "mean" else 1), rtol=1e-15)


def test_half_squared_error_is_a_multiple_of_mse(rng):
    x, t = rng.standard_normal((2, 4, 3, 2, 2))
    assert half_squared_error(x, t).item() == pytest.approx(12 / 2 * mse_loss(x, t).item(), rel=1e-14)


def test_smooth_l1_by_hand():
    """A parabola to +-2, lines from there on; both and their slopes meet."""
    x = Tensor(np.array([0.0, 1.0, -2.0, 3.0, -10.0]), requires_grad=True)
    loss = smooth_l1_loss(x, np.zeros(5), reduction="none", beta=2.0)
    loss.backward(np.ones(5))
    assert loss.tolist() == [0, 0.25, 1, 2, 9]
    assert x.grad.tolist() == [0, 0.5, -1, 1, -1]


def test_huber_by_hand():
    x = Tensor(np.array([0.0, 1.0, -2.0, 3.0, -10.0]), requires_grad=True)
    loss = huber_loss(x, np.zeros(5), "none", delta=2.0)
    loss.backward(np.ones(5))
    assert loss.tolist() == [0, 0.5, 2, 4, 18]
    assert x.grad.tolist() == [0, 1, -2, 2, -2]


def test_l1_by_hand():
    x = Tensor(np.array([1.0, -2.0, 3.0]), requires_grad=True)
    loss = l1_loss(x, np.array([1.0, 1.0, 1.0]))
    loss.backward()
    assert loss.item() == pytest.approx(5 / 3)
    np.testing.assert_allclose(x.grad.data, [0, -1 / 3, 1 / 3])
    assert smooth_l1_loss(x, np.ones(3), beta=0).item() == loss.item()


# ---------------------------------------------------------------- yes or no


def test_binary_cross_entropy_by_hand(engine):
    """s(ln 3) = 3/4."""
    x = Tensor(np.array([math.log(3), math.log(3)]), requires_grad=True)
    loss = binary_cross_entropy_with_logits(x, [1, 0], reduction="none")
    loss.backward(np.ones(2))
    np.testing.assert_allclose(loss.data, [-math.log(3 / 4), -math.log(1 / 4)], rtol=1e-14)
    np.testing.assert_allclose(x.grad.data, [-1 / 4, 3 / 4], rtol=1e-14)


def test_binary_weights_by_hand():
    x = np.full((2, 2), math.log(3))
    loss = binary_cross_entropy_with_logits(x, [[1, 0], [1, 0]], [[1.0], [2.0]], reduction="none", pos_weight=4)
    yes, no = -4 * math.log(3 / 4), -math.log(1 / 4)
    np.testing.assert_allclose(loss.data, [[yes, no], [2 * yes, 2 * no]], rtol=1e-14)


def test_binary_cross_entropy_of_large_logits(engine):
    x = Tensor(np.array([1e4, 1e4, -1e4, -1e4]), requires_grad=True)
    loss = binary_cross_entropy_with_logits(x, [1, 0, 1, 0], reduction="none")
    loss.backward(np.ones(4))
    assert loss.tolist() == [0, 1e4, 1e4, 0]
    assert x.grad.tolist() == [0, 1, -1, 0]


@pytest.mark.parametrize("x", [50.0, 30.0, 5.0])
def test_a_right_answer_costs_what_is_left(x):
    """ln(1 + e^-50) is e^-50, not 0."""
    loss = binary_cross_entropy_with_logits(np.array([x]), [1])
    assert loss.item() == pytest.approx(math.log1p(math.exp(-x)), rel=1e-14)


def test_undecided_logits_have_a_second_derivative():
    """At 0, where formulas with |x| and max(x, 0) have a kink, it is 1/4."""
    z = Tensor(np.zeros(3), requires_grad=True)
    gradcheck(lambda z: binary_cross_entropy_with_logits(z, [0.25, 0, 1]), [z], order=2)


def test_binary_weights_have_gradients_too(rng):
    x, w, p = (Tensor(a, requires_grad=True) for a in rng.uniform(0.5, 2, (3, 4)))
    t = rng.random(4)
    gradcheck(lambda x, w, p: binary_cross_entropy_with_logits(x, t, w, pos_weight=p), [x, w, p], order=2)


# ---------------------------------------------------------------- the multi-class hinge


@pytest.mark.parametrize(("p", "expected"), [(1, (0.5 + 1.5) / 3), (2, (0.25 + 2.25) / 3)])
def test_multi_margin_by_hand(engine, p, expected):
    """Class 1 leads class 0 by 0.5 where 1 is asked for, and is behind class 2 by 0.5."""
    x = Tensor(np.array([[0.0, 0.5, 1.0]]), requires_grad=True)
    loss = multi_margin_loss(x, [1], p)
    loss.backward()
    assert loss.item() == pytest.approx(expected, rel=1e-15)
    slopes = np.array([[1.0, -2, 1]]) if p == 1 else np.array([[2 * 0.5, -4, 2 * 1.5]])
    np.testing.assert_allclose(x.grad.data, slopes / 3, rtol=1e-15)


def test_multi_margin_sums_over_all_wrong_classes(rng):
    """Weston and Watkins: not the largest term alone. The mean is not divided by weights."""
    x, labels, w = rng.standard_normal((6, 4)), rng.integers(0, 4, 6), np.array([1.0, 2.0, 0.5, 3.0])
    total = 0.0
    for n, k in enumerate(labels):
        for j in range(4):
            if j != k:
                total += w[k] * max(0.0, 0.7 - x[n, k] + x[n, j]) / 4
    assert multi_margin_loss(x, labels, 1, 0.7, w).item() == pytest.approx(total / 6, rel=1e-13)
