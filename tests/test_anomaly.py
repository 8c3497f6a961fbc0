"""detect_anomaly names the operation, layer and line that first made a NaN or infinity, and stays silent else."""

import pickle
import threading
from pathlib import Path

import numpy as np
import pytest

import tinyconv as tc
import tinyconv.nn.functional as F
from tinyconv import nn, observe
from tinyconv.errors import AnomalyError

HERE = Path(__file__)
LINES = HERE.read_text(encoding="utf-8").splitlines()


class Root(nn.Module):
    """y = x sqrt(w): its gradient is infinite where w = 0"""

    def __init__(self, *w):
        self.w = nn.Parameter(np.array(w))

    def forward(self, x):
        return x * self.w.sqrt()  # the root


def line_of(comment):
    """ "tests/test_anomaly.py:24" of the line in this file that ends in that comment."""
    (number,) = [i for i, text in enumerate(LINES, 1) if text.endswith(f"  # {comment}")]
    return f"{HERE}:{number}"


def leaf(*values):
    return tc.tensor(np.array(values), requires_grad=True)


def anomaly(function):
    """The error that a function raises under detect_anomaly."""
    with pytest.raises(AnomalyError) as caught, tc.detect_anomaly():
        function()
    return caught.value


def net_of(*w):
    return nn.Sequential(nn.Tanh(), nn.Sequential(nn.ReLU(), Root(*w)))


# ---------------------------------------------------------------- forward


def test_forward_names_the_operation_the_line_and_the_elements():
    x = tc.tensor(np.array([[1.0, 2.0, 0.0], [-3.0, 4.0, 5.0]]))
    error = anomaly(lambda: x.log())  # of zero and of less
    assert (error.operation, error.module, error.layer, error.backward) == ("log", "", "", False)
    assert error.line == line_of("of zero and of less")
    assert str(error).splitlines() == [
        "log: its result has 1 NaN and 1 inf among 6 elements, the first at [0, 2]: -inf.",
        f"  {error.line}:  error = anomaly(lambda: x.log())  # of zero and of less",
        "  What goes in has none (from -3 to 5): the operation itself made it.",
    ]


def test_a_number_has_no_place():
    with pytest.raises(AnomalyError, match="its result has 1 inf among 1 elements.\n"), tc.detect_anomaly():
        tc.tensor(1.0) / 0


def test_the_layer_is_named_also_deep_inside_a_net():
    net = net_of(1.0, -1.0)
    with pytest.raises(AnomalyError, match=r"^sqrt \(1\.1 Root\): its result has 1 NaN") as caught, tc.detect_anomaly():
        net(tc.ones(3, 2, dtype=np.float64))
    assert (caught.value.module, caught.value.layer) == ("1.1", "Root")
    assert caught.value.line == line_of("the root")


def test_a_layer_called_by_itself_has_its_class_alone():
    with pytest.raises(AnomalyError, match=r"^sqrt \(Root\): "), tc.detect_anomaly():
        Root(-1.0)(tc.ones(1, dtype=np.float64))


def test_without_recording_too():
    with pytest.raises(AnomalyError, match="^sqrt: "), tc.detect_anomaly(), tc.no_grad():
        leaf(-1.0).sqrt()


def test_layers_that_are_otherwise_fused_are_named_one_by_one(engine):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2))
    x = np.zeros((1, 1, 6, 6), np.float32)
    x[0, 0, 2, 2] = np.nan
    with pytest.raises(AnomalyError, match=r"^conv2d \(0 Conv2d\): its result has 18 NaN"), tc.detect_anomaly():
        net(tc.tensor(x))


# ---------------------------------------------------------------- whose fault


def test_bad_data_is_the_users():
    with pytest.raises(AnomalyError) as caught, tc.detect_anomaly():
        nn.Tanh()(tc.tensor(np.array([1, 2, np.nan])))
    assert str(caught.value).splitlines()[2:] == [
        "  Its input 0, of shape (3,), had 1 NaN among 3 elements, the first at [2]: nan. "
        "No operation under detect_anomaly made it: it is data from outside."
    ]


def test_a_bad_parameter_is_named():
    net = net_of(1.0, np.inf)
    with (
        pytest.raises(
            AnomalyError, match=r"input 0.* had 1 inf .* It is 1\.1\.w: look at the .* last step, or at what was"
        ),
        tc.detect_anomaly(),
    ):
        net(tc.ones(2, dtype=np.float64))


def test_a_bad_leaf_outside_of_layers():
    with pytest.raises(AnomalyError, match="It is a leaf that requires a gradient: "), tc.detect_anomaly():
        leaf(1.0) + leaf(np.nan)


def test_what_was_computed_before():
    with np.errstate(invalid="ignore"):
        y = leaf(-1.0).sqrt()
    with (
        pytest.raises(AnomalyError, match="out of 'sqrt', which did not run under detect_anomaly"),
        tc.detect_anomaly(),
    ):
        y + 1


def test_what_was_changed_in_place():
    def run():
        y = leaf(1.0, 2.0) * 2  # changed later
        with tc.no_grad():
            y[1] = np.nan
        y + 1

    assert f"It came out of 'mul' ({line_of('changed later')}) and was changed in place since." in str(anomaly(run))


def test_bad_running_statistics_are_not_called_the_operations_own():
    norm = nn.BatchNorm2d(2)
    norm(tc.randn(2, 2, 3, 3))
    norm.running_mean[0] = np.nan
    with (
        pytest.raises(AnomalyError, match=r"running_mean, of shape \(2,\), had 1 NaN .* It is running_mean: "),
        tc.detect_anomaly(),
    ):
        norm.eval()(tc.randn(2, 2, 3, 3))


# ---------------------------------------------------------------- backward


def test_backward_names_the_operation_and_the_line_that_made_it():
    net = net_of(4.0, 0.0)
    with pytest.raises(AnomalyError) as caught, tc.detect_anomaly():
        net(tc.ones(1, 2, dtype=np.float64)).sum().backward()
    error = caught.value
    assert (error.operation, error.module, error.layer, error.backward) == ("sqrt", "1.1", "Root", True)
    assert error.line == line_of("the root")
    first, place, cause = str(error).splitlines()
    assert first == (
        "backward of sqrt (1.1 Root): the gradient of its input of shape (2,) "
        "has 1 inf among 2 elements, the first at [1]: inf."
    )
    assert place == f"  {error.line}:  return x * self.w.sqrt()  # the root"
    assert cause.startswith("  The gradient that reached it has none (from 0.7616 to 0.7616), nor has what it kept ")
    assert net[1][1].w.grad is None


def test_a_gradient_that_was_given():
    x = leaf(1.0, 2.0)
    match = "^backward of mul: .* reached it had 1 NaN.* given to backward.., or a hook"
    with pytest.raises(AnomalyError, match=f"(?s){match}"), tc.detect_anomaly():
        (x * 2).backward(np.array([1.0, np.nan]))
    with (
        pytest.raises(AnomalyError, match="(?s)^backward of where: the gradient of its result has 1 NaN"),
        tc.detect_anomaly(),
    ):
        tc.where(tc.tensor(np.array([True, False])), x, 0).backward(np.array([1.0, np.nan]))


def test_a_gradient_that_a_hook_returned():
    def run():
        y = leaf(1.0) * 2
        y.register_hook(lambda dy: tc.tensor(np.array([np.nan])))
        (y * 3).backward()

    assert str(anomaly(run)).endswith("It was given to backward(), or a hook returned it.")


def test_a_sum_of_finite_gradients_that_overflows():
    x = leaf(1e-300)
    with (
        pytest.raises(AnomalyError, match="(?s)^backward of mul: .* 1 inf .* sum over several uses"),
        tc.detect_anomaly(),
    ):
        (x * 1.5e308 + x * 1e308).sum().backward()


def test_a_graph_recorded_before():
    x = leaf(0.0, 1.0)
    y = x.sqrt().sum()
    with (
        pytest.raises(AnomalyError, match="(?s)^backward of sqrt: .*Its line is not known: it did not run"),
        tc.detect_anomaly(),
    ):
        y.backward()


def test_a_graph_recorded_before_with_bad_data_in_it():
    y = (leaf(1.0, 2.0) * tc.tensor(np.array([np.nan, 1]))).sum()
    with (
        pytest.raises(
            AnomalyError,
            match=r"of the forward pass, of shape \(2,\), had 1 NaN .* Run the forward pass under",
        ),
        tc.detect_anomaly(),
    ):
        y.backward()


def test_fused_layers_recorded_before():
    pytest.importorskip("numba", reason="only the numba engine fuses layers")
    with tc.engine("numba"):
        y = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())(tc.randn(1, 1, 4, 4))
    with pytest.raises(AnomalyError, match=r"(?s)^backward of conv2d_relu: .* had 8 NaN"), tc.detect_anomaly():
        y.backward(tc.full(y.shape, np.nan))


# ---------------------------------------------------------------- twice


def test_create_graph_changes_nothing():
    with pytest.raises(AnomalyError, match=r"^backward of sqrt \(Root\)"), tc.detect_anomaly():
        Root(0.0)(tc.ones(1, dtype=np.float64)).sum().backward(create_graph=True)


def test_the_second_backward_pass_names_the_line_of_the_first_forward_pass():
    x = leaf(0.0, 1.0)

    def run():
        y = x**1.5  # with a second derivative 1/sqrt(x)
        (dx,) = tc.grad(y.sum(), x, create_graph=True)
        assert dx.tolist() == [0, 1.5]
        dx.sum().backward()

    error = anomaly(run)
    assert (error.operation, error.backward) == ("pow", True)
    assert error.line == line_of("with a second derivative 1/sqrt(x)")
    assert "\n  It is part of the backward pass of 'pow', recorded by create_graph.\n" in str(error)


def test_the_third_names_both_passes_before():
    x = leaf(0.0, 1.0)

    def run():
        (dx,) = tc.grad((x**2.5).sum(), x, create_graph=True)
        (ddx,) = tc.grad(dx.sum(), x, create_graph=True)
        ddx.sum().backward()

    assert "part of the backward pass of 'pow', in that of 'pow', recorded by create_graph." in str(anomaly(run))


# ---------------------------------------------------------------- silence


def test_results_count_and_not_what_is_computed_on_the_way(engine):
    x = tc.randn(2, 2, 5, 5, requires_grad=True)
    with tc.detect_anomaly():
        y = F.max_pool2d(x, 3, stride=2, padding=1).sum() + (F.softmax(x * 100, 1) ** 2).sum()
        y = y + F.cross_entropy(x.flatten(1) * 100, np.array([1, 2])) + F.leaky_relu(x).max()
        y.backward()
    assert np.isfinite(x.grad.data).all()


def test_what_a_rule_computes_on_the_way_is_no_anomaly():
    """0^0.5 in the derivative of 0^1.5 is masked by the rule of pow; only what comes out of a rule counts."""
    a, b = leaf(0.0, 2.0), leaf(3.0, 0.0)
    with tc.detect_anomaly():
        (a**b).sum().backward()
    np.testing.assert_allclose(a.grad.data, [0, 0])


def test_infinities_may_be_let_pass():
    x = leaf(1.0, 2.0)
    with tc.detect_anomaly(infinity=False):
        F.softmax(tc.where(tc.tensor(np.array([True, False])), x, -np.inf), 0).sum().backward()
        with pytest.raises(
            AnomalyError, match="(?s)^sub: its result has 2 NaN among .* goes in has none .from inf to inf; "
        ):
            x / 0 - np.inf
    with pytest.raises(AnomalyError, match="^where: its result has 1 inf"), tc.detect_anomaly():
        tc.where(tc.tensor(np.array([True, False])), x, -np.inf)


def test_the_inner_of_two_holds():
    x = leaf(1.0)
    with tc.detect_anomaly():
        with tc.detect_anomaly(infinity=False):
            x / 0
        with pytest.raises(AnomalyError):
            x / 0


def test_whole_numbers_and_bools_have_no_anomalies():
    with tc.detect_anomaly():
        assert (tc.arange(3) + 1).tolist() == [1, 2, 3]


def test_a_decorator():
    @tc.detect_anomaly()
    def root(x):
        return x.sqrt()  # in a decorated function

    assert root(leaf(4.0)).item() == 2
    for _ in range(2):
        with pytest.raises(AnomalyError) as caught:
            root(leaf(-4.0))
        assert caught.value.line == line_of("in a decorated function")


def test_nothing_is_left_behind():
    before = observe._observers.copy()
    with pytest.raises(AnomalyError), tc.detect_anomaly():
        leaf(-1.0).sqrt()
    assert (observe._observers, observe._step_observers, observe.step_back()) == (before, [], None)
    with pytest.warns(RuntimeWarning, match="invalid value"):
        y = leaf(-1.0).sqrt()
    assert y.grad_fn.line == ""


def test_other_threads_are_left_alone():
    found = []

    def work():
        with np.errstate(invalid="ignore"):
            found.append(leaf(-1.0).sqrt().tolist())

    with tc.detect_anomaly():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert np.isnan(found).all() and len(found) == 1


def test_each_thread_finds_its_own():
    found = {}

    def work(name, value):
        try:
            with tc.detect_anomaly(), observe.inside_module(name):
                for _ in range(20):
                    leaf(value).sqrt().backward()
        except AnomalyError as error:
            found[name] = error.module

    threads = [threading.Thread(target=work, args=(f"net{i}", v)) for i, v in enumerate([1.0, -1.0, 2.0, -2.0])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"net1": "net1", "net3": "net3"}


def test_pickle():
    with pytest.raises(AnomalyError) as caught, tc.detect_anomaly():
        Root(-1.0)(tc.ones(1, dtype=np.float64))
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert (again.line, again.layer) == (caught.value.line, "Root")
