"""What an explanation says of itself, how it is shown, and what it refuses."""

import gc

import numpy as np
import pytest

import tinyconv
from tinyconv import nn
from tinyconv.errors import ArgumentError, GraphError, ShapeError
from tinyconv.nn import functional as F
from tinyconv.tensor import Tensor


@pytest.fixture
def pass_of_a_net():
    """A convolution of ones with the weight 2, a trace of it, and its output."""
    net = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, bias=False), nn.ReLU())
    with tinyconv.no_grad():
        net[0].weight.fill_(2)
    with tinyconv.trace() as trace:
        y = net(Tensor(np.ones((1, 1, 2, 2), np.float32)))
        y.sum().backward()
    return net, trace, y


# ---------------------------------------------------------------- what it says


def test_its_place_in_the_net(pass_of_a_net):
    net, trace, y = pass_of_a_net
    explanation = tinyconv.explain(trace.in_layer("0")[0].output, (0, 0, 0, 0))
    assert (explanation.operation, explanation.module, explanation.layer) == ("conv2d", "0", "Conv2d")
    assert explanation.line.partition(":")[0].endswith("test_explanation.py")
    assert explanation.formula.startswith("y[n,f,oy,ox] = b[f] + sum_{c,ky,kx}")
    assert (explanation.name, explanation.value, explanation.total, len(explanation)) == ("y[0,0,0,0]", 8, 8, 9)


def test_the_gradient_of_a_parameter_that_is_reshaped_before_it_is_used():
    net = nn.Sequential(nn.GroupNorm(1, 2))
    with tinyconv.trace() as trace:
        net(Tensor(np.ones((1, 2, 3), np.float32))).sum().backward()
    assert trace
    explanation = tinyconv.explain(net[0].bias.grad, 1)
    assert (explanation.name, explanation.gradient_of, explanation.value) == ("dbias[1]", "0.bias", 3)


def test_negative_places_count_from_the_end(pass_of_a_net):
    net, trace, y = pass_of_a_net
    assert tinyconv.explain(net[0].weight.grad, (0, -1, 0, -2)).index == (0, 0, 0, 1)


def test_largest_first_and_the_remainder():
    x, w = Tensor(np.arange(1.0, 6.0, dtype=np.float32)), Tensor(np.array([[1, -1, 1, -1, 1]], np.float32))
    with tinyconv.trace() as trace:
        y = F.linear(x, w)
    assert trace
    explanation = tinyconv.explain(y, -1)
    assert [term.value for term in explanation.terms(2)] == [5, -4]
    assert explanation.remainder(2) == (2, 3)
    assert explanation.terms(0) == [] and explanation.remainder(0) == (3, 5)
    assert len(explanation.terms(None)) == len(explanation.terms(99)) == len(explanation) == 5
    assert explanation.factor(1, "W").value == -1 and explanation.factor(1, 0).name == "x[3]"
    assert explanation.factor(1, "x[3]").value == 4


def test_the_total_is_in_double_precision():
    n = 100_000
    with tinyconv.trace() as trace:
        y = Tensor(np.full(n, 0.1, np.float32)).sum()
    assert trace
    explanation = tinyconv.explain(y, ())
    assert explanation.total == pytest.approx(n * float(np.float32(0.1)), rel=1e-12)
    assert 0 < abs(explanation.total - explanation.value) < explanation.rounding


def test_half_precision():
    x = Tensor(np.array([0.1, 0.2], np.float32))
    with tinyconv.trace() as trace:
        y = (x * x).to(np.float16)
    assert trace
    explanation = tinyconv.explain(y, 0)
    assert explanation.value == np.float16(np.float32(0.1) ** 2)
    assert abs(explanation.total - explanation.value) < explanation.rounding < 1e-3


def test_the_newest_trace_answers():
    w = Tensor(np.array([[2.0]]), requires_grad=True)
    traces = []
    for x in (3.0, 5.0):
        with tinyconv.trace() as trace:
            F.linear(Tensor(np.array([[x]])), w).backward()
        traces.append(trace)
    both = tinyconv.explain(w.grad, (0, 0))
    assert (both.operation, both.of(0).value, both.of(1).value) == ("add", 5, 3)
    assert [both.of(i).operation for i in (0, 1)] == ["matmul", "matmul"]  # the second in the earlier trace
    assert tinyconv.explain(w, (0, 0)).trace is traces[1]


def test_with_gradients_of_gradients():
    x = Tensor(np.array([[3.0]]), requires_grad=True)
    with tinyconv.trace() as trace:
        (dx,) = tinyconv.grad(x * x * x, x, create_graph=True)
        (ddx,) = tinyconv.grad(dx, x)
    assert trace
    assert tinyconv.explain(dx, (0, 0)).total == 27
    assert tinyconv.explain(ddx, (0, 0)).total == ddx.item() == 18


# ---------------------------------------------------------------- how it is shown


def test_one_screen(pass_of_a_net):
    net, trace, y = pass_of_a_net
    lines = str(tinyconv.explain(net[0].weight.grad, (0, 0, 0, 1))).splitlines()
    assert lines[0].startswith("dw[0,0,0,1] = 2    conv2d_weight in 0 (Conv2d), the gradient of 0.weight, called in ")
    assert lines[-6:] == [
        "4 terms, the largest first:",
        "    +1  =  dy[0,0,1,0]  1  *  x[0,0,0,0]  1  picture 0, window at (1, 0)",
        "    +1  =  dy[0,0,1,1]  1  *  x[0,0,0,1]  1  picture 0, window at (1, 1)",
        "     0  =  dy[0,0,0,0]  1  *  padding     0  padding, picture 0, window at (0, 0)",
        "     0  =  dy[0,0,0,1]  1  *  padding     0  padding, picture 0, window at (0, 1)",
        "total 2; stored 2",
    ]


def test_it_says_what_rounding_explains(rng):
    x = Tensor(rng.standard_normal(1000).astype(np.float32))
    with tinyconv.trace() as trace:
        y = (x * 3).sum()
    assert trace
    text = str(tinyconv.explain(y, ()))
    assert text.splitlines()[-2].endswith("from 990 more")
    assert "which differs by" in text and "rounding (float32) explains up to" in text


def test_a_screen_of_a_pixel(pass_of_a_net):
    net, trace, y = pass_of_a_net
    pixel = tinyconv.explain(net[0].weight.grad, (0, 0, 0, 1)).of(0, "x")
    assert str(pixel) == "x[0,0,0,0] = 1    an input, x of conv2d in 0 (Conv2d)"
    assert pixel.terms() == [] and pixel.total == pixel.value == 1 and len(pixel) == 0


def test_a_screen_of_paths():
    x = Tensor(np.array([[-1.0], [1.0]], np.float32), requires_grad=True)
    with tinyconv.trace() as trace:
        F.batch_norm(x, None, None, training=True, eps=0.0).backward(Tensor(np.array([[1], [0]], np.float32)))
    assert trace
    text = str(tinyconv.explain(x.grad, (0, 0)))
    assert "    +1  direct\n    -0.5  through the mean\n    -0.5  through the variance\ntotal 0; stored 0" in text


def test_an_empty_sum():
    x = Tensor(np.zeros((0, 2), np.float32))
    with tinyconv.trace() as trace:
        y = x.sum(0)
    assert trace
    explanation = tinyconv.explain(y, 1)
    assert "no terms: the sum is empty" in str(explanation)
    assert explanation.total == 0


def test_a_table_for_notebooks(pass_of_a_net):
    net, trace, y = pass_of_a_net
    html = tinyconv.explain(net[0].weight.grad, (0, 0, 0, 1))._repr_html_()
    assert html.count("<tr>") == html.count("</tr>") == 5  # four terms and the total
    assert "dy[0,0,1,0] (1) * x[0,0,0,0] (1)" in html and "0.weight" in html
    pixel = tinyconv.explain(net[0].weight.grad, (0, 0, 0, 1)).of(0, "x")
    assert "<table" not in pixel._repr_html_()


# ---------------------------------------------------------------- what it refuses


def test_a_tensor_that_no_trace_knows(pass_of_a_net):
    x = Tensor(np.ones(3))
    with pytest.raises(GraphError, match=r"explain: no trace knows this tensor of shape \(3,\)\. Run forward and"):
        tinyconv.explain(x * 2, 0)
    with pytest.raises(GraphError, match="inside `with tinyconv.trace\\(\\) as trace:`, and keep `trace`"):
        tinyconv.explain(x, 0)


def test_a_trace_that_was_not_kept():
    with tinyconv.trace():
        y = Tensor(np.ones(3)) * 2
    gc.collect()
    with pytest.raises(GraphError, match="no trace knows this tensor"):
        tinyconv.explain(y, 0)


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        ((0, 0, 0), ShapeError, r"explain: index \(0, 0, 0\) has 3 numbers, a tensor of shape \(1, 1, 2, 2\) needs 4"),
        (0, ShapeError, r"index \(0,\) has 1 numbers"),
        ((0, 0, 2, 0), ShapeError, r"index 2 is out of range for axis 2 of shape \(1, 1, 2, 2\)"),
        ((0, 0, 0, -3), ShapeError, "index -3 is out of range for axis 3"),
        ((0, 0, 0.5, 0), ArgumentError, r"index is \(0, 0, 0.5, 0\); it must be whole numbers, one for each axis"),
        ("0", ArgumentError, "index is '0'; it must be whole numbers"),
    ],
)
def test_a_wrong_index(pass_of_a_net, index, error, message):
    *_, y = pass_of_a_net
    with pytest.raises(error, match=message):
        tinyconv.explain(y, index)


def test_what_is_no_tensor():
    with pytest.raises(ArgumentError, match="explain: the first argument is a ndarray; it must be a Tensor"):
        tinyconv.explain(np.ones(3), 0)


def test_numbers_that_are_gone(pass_of_a_net):
    net, trace, y = pass_of_a_net
    conv = trace.in_layer("0")[0].output
    with tinyconv.no_grad():
        net[0].weight.fill_(3)
    with pytest.raises(GraphError, match="conv2d: a tensor of shape .* was changed in place after the operation ran"):
        tinyconv.explain(conv, (0, 0, 0, 0))


def test_running_statistics_that_have_moved_on():
    x, mean, var = (Tensor(np.array(values, np.float32)) for values in ([[1], [5]], [0], [1]))
    with tinyconv.trace() as trace:
        y = F.batch_norm(x, mean, var)
    assert trace
    F.batch_norm(x, mean, var, training=True)
    with pytest.raises(GraphError, match=r"batch_norm: a tensor of shape \(1,\) was changed in place"):
        tinyconv.explain(y, (0, 0))


def test_wrong_terms_and_factors(pass_of_a_net):
    net, trace, y = pass_of_a_net
    explanation = tinyconv.explain(net[0].weight.grad, (0, 0, 0, 1))
    with pytest.raises(ArgumentError, match="explain: there is no term 4: it has 4, the largest is 0"):
        explanation.of(4)
    with pytest.raises(
        ArgumentError, match=r"there is no factor 'w' in term 0; its factors: dy\[0,0,1,0\], x\[0,0,0,0\]"
    ):
        explanation.of(0, "w")
    with pytest.raises(ArgumentError, match="k is -1; it is how many terms to show"):
        explanation.terms(-1)


def test_the_forward_pass_must_be_traced_too():
    x = Tensor(np.array([[-1.0], [1.0]], np.float32), requires_grad=True)
    y = F.batch_norm(x, None, None, training=True)
    with tinyconv.trace() as trace:
        y.backward(Tensor(np.ones((2, 1), np.float32)))
    assert trace
    with pytest.raises(
        GraphError, match='explain: the forward pass of "batch_norm\'" is not in the trace: trace it too'
    ):
        tinyconv.explain(x.grad, (0, 0))


def test_a_factor_that_is_no_element_of_a_tensor():
    x = Tensor(np.ones((1, 1, 2, 2), np.float32))
    with tinyconv.trace() as trace:
        y = F.avg_pool2d(x, 2)
    assert trace
    share = tinyconv.explain(y, (0, 0, 0, 0)).of(0, "1 / divisor")
    assert str(share) == "1 / divisor = 0.25    no element of a tensor: a constant, or what the equation says"
