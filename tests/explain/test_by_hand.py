"""Numbers small enough to explain with a pencil: every expected term is written out here."""

import math

import numpy as np
import pytest

import tinyconv
from tinyconv import nn
from tinyconv.nn import functional as F
from tinyconv.tensor import Tensor


def leaf(values):
    return Tensor(np.array(values, np.float32), requires_grad=True)


def rows(explanation):
    """The terms as (value, names of the factors, note)."""
    return [(term.value, tuple(f.name for f in term.factors), term.note) for term in explanation.terms(None)]


def listed(explanation):
    """The terms as a set of (names, value)."""
    return {(tuple(f.name for f in term.factors), term.value) for term in explanation.terms(None)}


PICTURE = [[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]]


# ---------------------------------------------------------------- convolution


def test_nine_terms_of_a_padded_convolution():
    x, w = leaf(PICTURE), leaf([[[[1, 0, -1], [2, 10, -2], [1, 0, -1]]]])
    with tinyconv.trace() as trace:
        y = F.conv2d(x, w, leaf([0.5]), padding=1)
    assert trace
    corner = tinyconv.explain(y, (0, 0, 0, 0))  # the window's first row and column lie in the padding
    assert corner.value == corner.total == 1 * 10 + 2 * -2 + 4 * 0 + 5 * -1 + 0.5
    assert rows(corner)[:4] == [
        (10, ("x[0,0,0,0]", "w[0,0,1,1]"), "channel 0, ky = 1, kx = 1"),
        (-5, ("x[0,0,1,1]", "w[0,0,2,2]"), "channel 0, ky = 2, kx = 2"),
        (-4, ("x[0,0,0,1]", "w[0,0,1,2]"), "channel 0, ky = 1, kx = 2"),
        (0.5, ("b[0]",), "the bias"),
    ]
    assert listed(corner) == {
        (("padding", "w[0,0,0,0]"), 0),
        (("padding", "w[0,0,0,1]"), 0),
        (("padding", "w[0,0,0,2]"), 0),
        (("padding", "w[0,0,1,0]"), 0),
        (("x[0,0,0,0]", "w[0,0,1,1]"), 10),
        (("x[0,0,0,1]", "w[0,0,1,2]"), -4),
        (("padding", "w[0,0,2,0]"), 0),
        (("x[0,0,1,0]", "w[0,0,2,1]"), 0),
        (("x[0,0,1,1]", "w[0,0,2,2]"), -5),
        (("b[0]",), 0.5),
    }
    padding = [f for term in corner.terms(None) for f in term.factors if f.name == "padding"]
    assert corner.terms(None)[4].note == "padding, channel 0, ky = 0, kx = 0"
    assert [(f.value, f.tensor, f.index) for f in padding] == [(0, None, ())] * 5


def test_the_weights_gradient_sums_over_pictures_and_windows():
    x, w = leaf([PICTURE[0], [[[0, 1, 0], [0, 0, 0], [0, 0, 3]]]]), leaf(np.ones((1, 1, 2, 2)))
    dy = np.array([[[[1, 0], [0, 2]]], [[[0, 0], [0, -1]]]], np.float32)
    with tinyconv.trace() as trace:
        F.conv2d(x, w).backward(Tensor(dy))
    assert trace
    dw = tinyconv.explain(w.grad, (0, 0, 1, 1))
    assert dw.name == "dw[0,0,1,1]"
    assert dw.value == 1 * 5 + 2 * 9 - 1 * 3
    assert rows(dw)[:3] == [
        (18, ("dy[0,0,1,1]", "x[0,0,2,2]"), "picture 0, window at (1, 1)"),
        (5, ("dy[0,0,0,0]", "x[0,0,1,1]"), "picture 0, window at (0, 0)"),
        (-3, ("dy[1,0,1,1]", "x[1,0,2,2]"), "picture 1, window at (1, 1)"),
    ]
    assert len(dw) == 8
    assert dw.remainder(3) == (0, 5)
    assert dw.remainder(1) == (2, 7)


def test_the_pictures_gradient_lists_the_overlapping_windows():
    x, w = leaf(PICTURE), leaf([[[[1, 2], [3, 4]]]])
    with tinyconv.trace() as trace:
        F.conv2d(x, w).backward(Tensor(np.array([[[[10, 20], [30, 40]]]], np.float32)))
    assert trace
    middle = tinyconv.explain(x.grad, (0, 0, 1, 1))  # lies in all four windows
    assert rows(middle) == [
        (60, ("dy[0,0,1,0]", "w[0,0,0,1]"), "filter 0, window at (1, 0)"),
        (60, ("dy[0,0,0,1]", "w[0,0,1,0]"), "filter 0, window at (0, 1)"),
        (40, ("dy[0,0,1,1]", "w[0,0,0,0]"), "filter 0, window at (1, 1)"),
        (40, ("dy[0,0,0,0]", "w[0,0,1,1]"), "filter 0, window at (0, 0)"),
    ]
    corner = tinyconv.explain(x.grad, (0, 0, 2, 0))
    assert listed(corner) == {(("dy[0,0,1,0]", "w[0,0,1,0]"), 90)}


def test_groups_and_strides():
    x, w = leaf(np.arange(32).reshape(1, 2, 4, 4)), leaf([[[[2, 0], [0, 0]]], [[[0, 0], [0, 3]]]])
    with tinyconv.trace() as trace:
        y = F.conv2d(x, w, stride=2, groups=2)
        y.backward(Tensor(np.ones((1, 2, 2, 2), np.float32)))
    assert trace
    assert rows(tinyconv.explain(y, (0, 1, 1, 0)))[0][:2] == (3 * 29, ("x[0,1,3,1]", "w[1,0,1,1]"))
    assert listed(tinyconv.explain(x.grad, (0, 1, 3, 1))) == {(("dy[0,1,1,0]", "w[1,0,1,1]"), 3)}
    assert listed(tinyconv.explain(x.grad, (0, 0, 3, 1))) == {(("dy[0,0,1,0]", "w[0,0,1,1]"), 0)}


# ---------------------------------------------------------------- pooling


def test_the_winner_and_a_tie():
    x = leaf([[[[3, 7], [7, 1]]]])
    with tinyconv.trace() as trace:
        y = F.max_pool2d(x, 2)
        y.backward(Tensor(np.full((1, 1, 1, 1), 5, np.float32)))
    assert trace
    assert rows(tinyconv.explain(y, (0, 0, 0, 0))) == [
        (7, ("x[0,0,0,1]",), "the winner of its window; 1 more of the same"),
        (0, ("x[0,0,0,0]",), "smaller"),
        (0, ("x[0,0,1,0]",), "tie with the winner, which comes first"),
        (0, ("x[0,0,1,1]",), "smaller"),
    ]
    won, lost = (tinyconv.explain(x.grad, (0, 0, *place)) for place in ((0, 1), (1, 0)))
    assert rows(won) == [(5, ("dy[0,0,0,0]",), "window at (0, 0), won: dy comes here")]
    assert rows(lost) == [(0, ("dy[0,0,0,0]",), "window at (0, 0), lost: dy goes to another pixel")]
    assert [f.value for f in lost.terms()[0].factors] == [5]


def test_a_pixel_that_wins_two_of_its_windows():
    x = leaf([[[[0, 0, 9, 0, 1]]]])
    with tinyconv.trace() as trace:
        F.max_pool2d(x, (1, 3), stride=(1, 2)).backward(Tensor(np.array([[[[2, 4]]]], np.float32)))
    assert trace
    assert rows(tinyconv.explain(x.grad, (0, 0, 0, 2))) == [
        (4, ("dy[0,0,0,1]",), "window at (0, 1), won: dy comes here"),
        (2, ("dy[0,0,0,0]",), "window at (0, 0), won: dy comes here"),
    ]


def test_padding_never_wins():
    x = leaf([[[[-2, -3], [-4, -5]]]])
    with tinyconv.trace() as trace:
        y = F.max_pool2d(x, 2, padding=1)
    assert trace
    first = rows(tinyconv.explain(y, (0, 0, 0, 0)))
    assert (
        first
        == [(-2, ("x[0,0,0,0]",), "the winner of its window")] + [(0, ("padding",), "padding: -inf, never wins")] * 3
    )


def test_an_average_is_shared():
    x = leaf(PICTURE)
    with tinyconv.trace() as trace:
        y = F.avg_pool2d(x, 2, stride=1)
        y.backward(Tensor(np.array([[[[4, 8], [12, 16]]]], np.float32)))
    assert trace
    assert [v for v, _, _ in rows(tinyconv.explain(y, (0, 0, 0, 0)))] == [5 / 4, 4 / 4, 2 / 4, 1 / 4]
    assert [v for v, _, _ in rows(tinyconv.explain(x.grad, (0, 0, 1, 1)))] == [4, 3, 2, 1]


# ---------------------------------------------------------------- dense layers, activations, dropout


def test_a_dense_layer_and_its_gradients():
    x, w, b = leaf([[1, 2], [3, 4]]), leaf([[5, -6]]), leaf([7])
    with tinyconv.trace() as trace:
        y = F.linear(x, w, b)
        y.backward(Tensor(np.array([[10], [100]], np.float32)))
    assert trace
    assert rows(tinyconv.explain(y, (1, 0))) == [
        (-24, ("x[1,1]", "W[0,1]"), ""),
        (15, ("x[1,0]", "W[0,0]"), ""),
        (7, ("b[0]",), "the bias"),
    ]
    dw = tinyconv.explain(w.grad, (0, 1))  # dW = dy^T x, a transposition and a product
    assert dw.name == "dW[0,1]"
    assert rows(dw) == [(400, ("dy[1,0]", "x[1,1]"), ""), (20, ("dy[0,0]", "x[0,1]"), "")]
    assert listed(tinyconv.explain(x.grad, (0, 1))) == {(("dy[0,0]", "W[0,1]"), -60)}
    assert listed(tinyconv.explain(b.grad, (0,))) == {(("dy[0,0]",), 10), (("dy[1,0]",), 100)}


def test_relu_passes_or_blocks():
    x = leaf([-2, 0, 3])
    with tinyconv.trace() as trace:
        y = tinyconv.relu(x)
        y.backward(Tensor(np.array([5, 6, 7], np.float32)))
    assert trace
    assert [rows(tinyconv.explain(y, i)) for i in range(3)] == [
        [(0, ("x[0]",), "x <= 0: blocked")],
        [(0, ("x[1]",), "x <= 0: blocked")],
        [(3, ("x[2]",), "x > 0: passes")],
    ]
    assert [rows(tinyconv.explain(x.grad, i)) for i in range(3)] == [
        [(0, ("dy[0]",), "y = 0: dy is blocked")],
        [(0, ("dy[1]",), "y = 0: dy is blocked")],
        [(7, ("dy[2]",), "y = 3 > 0: dy passes")],
    ]


def test_dropout_kept_or_dropped():
    x = leaf(np.ones(40))
    with tinyconv.trace() as trace:
        y = F.dropout(x, 0.75)
        y.backward(Tensor(np.full(40, 2, np.float32)))
    assert trace
    for i in range(40):
        forward, backward = tinyconv.explain(y, i), tinyconv.explain(x.grad, i)
        assert rows(forward)[0][2] == rows(backward)[0][2] == ("kept" if y.data[i] else "dropped")
        if y.data[i]:
            assert rows(forward) == [(4, (f"x[{i}]", "1 / (1 - p)"), "kept")]


# ---------------------------------------------------------------- normalisation


def test_the_three_paths_of_batch_norm():
    """mean 0, var 1, xhat = x, n = 2, weight 2:  dx0 = 2 (1 - 1/2 - (-1)(-1 * 1)/2) = 0"""
    x, w, b = leaf([[-1], [1]]), leaf([2]), leaf([10])
    with tinyconv.trace() as trace:
        y = F.batch_norm(x, None, None, w, b, training=True, eps=0.0)
        y.backward(Tensor(np.array([[1], [0]], np.float32)))
    assert trace
    forward = tinyconv.explain(y, (1, 0))
    assert rows(forward) == [(10, ("bias[0]",), ""), (2, ("xhat[1,0]", "weight[0]"), "")]
    assert forward.asides[0] == "mean = 0, var = 1, of the batch"
    dx = tinyconv.explain(x.grad, (0, 0))
    assert dx.paths == {"direct": 2, "through the mean": -1, "through the variance": -1}
    assert [(t.value, t.path) for t in dx.terms()] == [
        (2, "direct"),
        (-1, "through the mean"),
        (-1, "through the variance"),
        (0, "through the mean"),
        (0, "through the variance"),
    ]
    assert dx.terms()[1].note == "through the mean, sample 0"
    assert tinyconv.explain(x.grad, (1, 0)).paths == {"direct": 0, "through the mean": -1, "through the variance": 1}
    assert listed(tinyconv.explain(w.grad, (0,))) == {(("dy[0,0]", "xhat[0,0]"), -1), (("dy[1,0]", "xhat[1,0]"), 0)}
    assert listed(tinyconv.explain(b.grad, (0,))) == {(("dy[0,0]",), 1), (("dy[1,0]",), 0)}


def test_batch_norm_with_running_statistics():
    x, mean, var = leaf([[5.0]]), Tensor(np.array([1.0], np.float32)), Tensor(np.array([4.0], np.float32))
    with tinyconv.trace() as trace:
        y = F.batch_norm(x, mean, var, leaf([3.0]), leaf([0.5]), eps=0.0)
    assert trace
    explanation = tinyconv.explain(y, (0, 0))
    assert [v for v, _, _ in rows(explanation)] == [6, 0.5]  # (5 - 1) / 2 * 3
    assert explanation.asides == ["mean = 1, var = 4, the running ones", "xhat = (5 - 1) / sqrt(4 + 0) = 2"]


def test_the_paths_of_a_standardised_row():
    x = leaf([[-1, 1]])
    with tinyconv.trace() as trace:
        F.layer_norm(x, 2, eps=0.0).backward(Tensor(np.array([[1, 0]], np.float32)))
    assert trace
    assert tinyconv.explain(x.grad, (0, 0)).paths == {
        "direct": 1,
        "through the mean": -0.5,
        "through the variance": -0.5,
    }


# ---------------------------------------------------------------- softmax and the loss


def test_cross_entropy_is_softmax_less_the_target():
    x = leaf([[0, math.log(3)]])
    with tinyconv.trace() as trace:
        loss = F.cross_entropy(x, Tensor(np.array([0])))
        loss.backward()
    assert trace
    forward = tinyconv.explain(loss, ())
    while forward.operation != "cross_entropy":
        forward = forward.of(0)
    assert [(round(v, 6), names) for v, names, _ in rows(forward)] == [
        (round(math.log(4), 6), ("ln sum_j e^x_j",)),
        (0, ("x[0,0]",)),
    ]
    assert forward.asides == ["softmax   >0: 0.25   1: 0.75   (> the label, 0)"]
    dx = tinyconv.explain(x.grad, (0, 0))
    assert [(round(v, 6), note) for v, _, note in rows(dx)] == [(-1, "target"), (0.25, "softmax")]
    assert dx.asides[-1] == "p - t = 0.25 - 1 = -0.75"


# ---------------------------------------------------------------- back to the pixels


def test_what_only_passes_a_number_on_is_gone_through():
    x = leaf(np.arange(12).reshape(3, 4))
    with tinyconv.trace() as trace:
        h = x * x
        y = tinyconv.cat([h.T.reshape(2, 6), h[:2, :3].double().float().clone()[:, None].squeeze(1).T.reshape(2, 3)], 1)
    assert trace
    explanation = tinyconv.explain(y, (1, 7))
    assert explanation.operation == "mul"
    assert explanation.route == [
        "cat from (1, 1)",
        "reshape from (2, 0)",
        "permute from (0, 2)",
        *("reshape from (0, 0, 2)", "getitem from (0, 2)"),
        *("clone from (0, 2)", "to from (0, 2)", "to from (0, 2)", "getitem from (0, 2)"),
    ]
    assert rows(explanation) == [(4, ("a[0,2]", "b[0,2]"), "")]


def test_from_a_gradient_back_to_pixels_and_parameters():
    tinyconv.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 1, 2), nn.ReLU(), nn.Flatten(), nn.Linear(4, 1))
    with tinyconv.no_grad():
        net[0].weight.fill_(1)
        net[0].bias.fill_(0)
        net[3].weight.fill_(2)
    x = Tensor(np.array(PICTURE, np.float32))
    with tinyconv.trace() as trace:
        y = net(x)
        y.backward()
    assert trace
    dw = tinyconv.explain(net[0].weight.grad, (0, 0, 0, 0))
    assert (dw.value, dw.gradient_of, dw.module, dw.layer) == (2 * (1 + 2 + 4 + 5), "0.weight", "0", "Conv2d")
    dy = dw.of(0, "dy")
    assert dy.operation == "relu_input"
    product = dy.of(0)  # dy of relu: the dense layer's dx = dy W, reshaped
    assert product.operation == "matmul" and product.route == ["reshape from (0, 3)"]
    assert product.of(0, "W").leaf == "a parameter, 3.weight"
    assert product.of(0, "dy").leaf == "the gradient that the backward pass began with"
    assert dw.of(0, "x").leaf == "an input, x of conv2d in 0 (Conv2d)"
    assert dw.of(0, "x").value == 5
    assert tinyconv.explain(net[3].weight, (0, 1)).leaf == "a parameter, 3.weight"
    assert tinyconv.explain(x, (0, 0, 0, 0)).leaf == "an input, x of conv2d in 0 (Conv2d)"


def test_a_weight_that_is_used_twice():
    x, w = leaf([[2]]), leaf([[3]])
    with tinyconv.trace() as trace:
        F.linear(F.linear(x, w), w).backward()
    assert trace
    dw = tinyconv.explain(w.grad, (0, 0))
    assert dw.operation == "add"
    assert [v for v, _, _ in rows(dw)] == [6, 6]  # 1 * (3 * 2) of the second use, (3 * 1) * 2 of the first


@pytest.mark.parametrize(
    ("function", "x", "aside"),
    [
        (tinyconv.sigmoid, 0, "y = 1 / (1 + e^-0)"),
        (tinyconv.exp, -1, "y = e^(-1)"),
        (tinyconv.abs, -2, "y = |(-2)|"),
        (F.softplus, 0, "y = ln(1 + e^(1 * 0)) / 1"),
    ],
)
def test_the_equation_has_the_number_in_it(function, x, aside):
    with tinyconv.trace() as trace:
        y = function(leaf([x]))
    assert trace
    assert tinyconv.explain(y, (0,)).asides == [aside]


def test_windows_without_a_number_above_minus_infinity():
    x = leaf([[[[-np.inf]]]])
    with tinyconv.trace() as trace:
        y = F.max_pool2d(x, 2, stride=2, padding=1)
    assert trace
    explanation = tinyconv.explain(y, (0, 0, 0, 0))
    assert (
        explanation.terms()[0].note == "the winner of its window" and explanation.total == explanation.value == -np.inf
    )
