"""The debugger does what backward() does, one operation at a time, and can undo it."""

import numpy as np
import pytest

import tinyconv
from tinyconv import nn, stepping
from tinyconv.errors import ArgumentError, GraphError, UnknownNameError
from tinyconv.nn import functional as F


def small_net():
    tinyconv.manual_seed(5)
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(8, 3),
    )


def loss_of(net, rng, dtype=np.float32):
    x = tinyconv.from_numpy(rng.standard_normal((2, 1, 4, 4)).astype(dtype))
    return F.cross_entropy(net(x), tinyconv.tensor([0, 2], dtype=tinyconv.int64))


def gradients(net):
    return [None if p.grad is None else p.grad.numpy().copy() for p in net.parameters()]


def same_bits(a, b):
    return all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


def test_gradients_at_the_end_are_those_of_backward(engine, rng):
    net = small_net()
    loss = loss_of(net, rng)
    steps = loss.steps(engine=engine)
    for _ in steps:
        pass
    stepped = gradients(net)
    net.zero_grad()
    with tinyconv.engine(engine):
        loss.backward()
    assert same_bits(stepped, gradients(net))


def test_loops_are_the_default_engine(monkeypatch):
    import tinyconv.kernels as kernels

    seen = []
    plain = kernels.relu_input
    monkeypatch.setattr(kernels, "relu_input", lambda *a: seen.append(tinyconv.backend.current_engine()) or plain(*a))
    x = tinyconv.tensor([1.0, -2.0], requires_grad=True)
    for _ in tinyconv.relu(x).sum().steps():
        pass
    assert seen == ["loops"]


def test_gradients_come_at_the_end_and_are_added_to_what_was_there():
    x = tinyconv.tensor([1.0, 2.0], requires_grad=True)
    x.grad = tinyconv.tensor([10.0, 10.0])
    steps = (x * x).sum().steps()
    steps.forth()
    assert not steps.done
    assert x.grad.tolist() == [10, 10]
    steps.forth()
    assert steps.done
    assert x.grad.tolist() == [12, 14]
    assert steps.forth() is None


def test_going_back_from_the_end_takes_the_gradients_away():
    x = tinyconv.tensor([1.0, 2.0], requires_grad=True)
    steps = (x * x).sum().steps()
    list(steps)
    steps.back()
    assert x.grad is None
    list(steps)
    assert x.grad.tolist() == [2, 4]


def test_forth_and_back_anywhere_ends_in_the_same_bits(rng):
    net = small_net()
    loss = loss_of(net, rng)
    steps = loss.steps(engine="numpy")
    n = len(steps)
    for _ in range(60):
        if rng.random() < 0.6:
            steps.forth()
        else:
            steps.back()
        if not steps.done:  # what was undone is forgotten
            assert steps.trace.backward == [event for step in steps.taken for event in step.events]
    for _ in steps:
        pass
    assert len(steps.taken) == n
    wandered = gradients(net)
    net.zero_grad()
    with tinyconv.engine("numpy"):
        loss.backward()
    assert same_bits(wandered, gradients(net))


def test_the_diamond_adds_the_second_way_and_visits_once():
    y, x = stepping.diamond()
    told = [(step.name, [(c.added, c.total.item()) for c in step.contributions]) for step in y.steps()]
    assert told == [
        ("mul", [(False, 10), (False, 18)]),  # y = b c: c = 10 goes to b, b = 18 to c
        ("add", [(False, 18)]),  # c = a + 1: the first way to a
        ("mul", [(True, 38)]),  # b = 2 a: the second, 2 * 10, is added
        ("mul", [(False, 114), (True, 228)]),  # a = x x: x is there twice
    ]
    assert x.grad.item() == 228


def test_an_error_in_a_rule_leaves_everything_as_it_was():
    x = tinyconv.tensor(2.0, requires_grad=True)

    def fails(dy):
        raise ZeroDivisionError

    broken = x * 1.0
    broken.grad_fn.rules[0].function = fails
    steps = (broken * 3.0).steps()
    steps.forth()
    with pytest.raises(ZeroDivisionError):
        steps.forth()
    assert len(steps.taken) == 1
    assert x.grad is None
    with pytest.raises(ZeroDivisionError):
        steps.forth()


def test_hooks_and_kept_gradients_are_honoured():
    x = tinyconv.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3.0
    y.retain_grad()
    y.register_hook(lambda dy: dy * 10.0)
    x.register_hook(lambda dx: dx + 1.0)
    steps = y.sum().steps()
    list(steps)
    assert y.grad.tolist() == [10, 10]
    assert x.grad.tolist() == [31, 31]
    steps.rewind()
    assert y.grad is None
    assert x.grad is None


# ---------------------------------------------------------------- places


def test_to_a_layer_an_operation_a_block_and_back(rng):
    net = nn.Sequential(small_net(), nn.ReLU())
    with tinyconv.trace() as trace:  # noqa: F841  # keeps the names alive
        loss = net(tinyconv.randn(2, 1, 4, 4)).sum()
    steps = loss.steps(engine="numpy")
    assert (steps.to("0.2").name, steps.current.module) == ("relu", "0.2")
    assert steps.to("conv2d").module == "0.0"
    assert steps.done
    assert steps.back_to("max_pool2d").layer == "MaxPool2d"
    assert steps.back_to("0").module == "0.4"
    steps.rewind()
    assert steps.to("0").name == "linear"
    assert steps.to("sum") is None
    assert steps.done


def test_a_name_that_is_nowhere_is_refused_before_a_step_is_done():
    steps = stepping.diamond()[0].steps()
    with pytest.raises(UnknownNameError, match="to: there is no layer or operation 'mull'. Did you mean 'mul'"):
        steps.to("mull")
    assert steps.current is None


def test_stops_at_the_first_nan():
    x = tinyconv.tensor([1.0, 0.0], requires_grad=True)
    y = tinyconv.sqrt(x * 2.0)
    steps = (y * tinyconv.tensor([1.0, 0.0])).sum().steps(engine="numpy")
    with np.errstate(divide="ignore", invalid="ignore"):
        step = steps.to(stepping.nan)
    assert step.name == "sqrt"
    assert np.isnan(step.contributions[0].given.numpy()).tolist() == [False, True]


def test_stops_where_a_norm_exceeds():
    x = tinyconv.tensor([3.0, 4.0], requires_grad=True)
    steps = ((x * 2.0) * 10.0).sum().steps()
    step = steps.to(stepping.norm_above(15))  # ones: sqrt 2; tens: 14.1; twenties: 28.3
    assert [c.total.tolist() for c in step.contributions] == [[20, 20]]
    steps.rewind()
    assert steps.to(stepping.norm_above(30)) is None
    with pytest.raises(ArgumentError, match="limit is -1; it must be 0 or more"):
        stepping.norm_above(-1)


def test_a_condition_of_ones_own():
    steps = stepping.diamond()[0].steps()
    step = steps.to(lambda step: any(c.added for c in step.contributions))
    assert (step.number, step.total) == (3, 4)


# ---------------------------------------------------------------- forward too


def test_forward_steps_show_what_went_in_and_came_out():
    with tinyconv.trace() as trace:  # noqa: F841  # keeps the numbers alive
        x = tinyconv.tensor([1.0, -2.0], requires_grad=True)
        y = tinyconv.relu(x * 3.0).sum()
    steps = y.steps(forward=True)
    shown = [(s.forward, s.name, s.output.tolist()) for s in (steps.forth(), steps.forth(), steps.forth())]
    assert shown == [(True, "mul", [3, -6]), (True, "relu", [3, 0]), (True, "sum", 3)]
    assert [t.tolist() for t in steps.taken[0].inputs] == [[1, -2], 3]
    step = steps.forth()
    assert (step.forward, step.name, step.dy.item()) == (False, "sum", 1)
    list(steps)
    assert x.grad.tolist() == [3, 0]


def test_forward_without_a_trace_is_refused():
    y, _ = stepping.diamond()
    with pytest.raises(ArgumentError, match="forward=True, but the forward pass was not traced. Run it inside"):
        y.steps(forward=True)


def test_a_leaf_has_no_steps():
    with pytest.raises(GraphError, match="this tensor is a leaf: no operation lies behind it"):
        tinyconv.tensor(1.0, requires_grad=True).steps()
    with pytest.raises(GraphError, match="this tensor needs no gradient"):
        tinyconv.tensor(1.0).steps()


# ---------------------------------------------------------------- what a step says


def test_a_step_in_words(rng):
    net = small_net()
    with tinyconv.trace() as trace:  # noqa: F841  # keeps the numbers alive
        loss = loss_of(net, rng)
    step = loss.steps(engine="numpy").to("linear")
    text = str(step).splitlines()
    assert text[0] == f"[{step.number}/{step.total}] backward  linear in 6"
    assert text[1] == "    y = x W^T + b,   dx = dy W,   dW = dy^T x,   db = sum of dy over all but the last axis"
    assert text[2].startswith("    called in ") and "test_steps.py:" in text[2]
    assert "(x, lambda dy: matmul(dy, w))," in text[3]
    assert [line.split()[0] for line in text if line.startswith("    in ")] == ["in"] * 3
    assert text[7].startswith("    in    (3, 8) float32  min") and text[7].endswith("   6.weight")
    assert "    sets the gradient of 6.weight" in text
    assert "    sets the gradient of reshape in 5" in text


def test_the_source_is_that_of_the_rule():
    y = tinyconv.exp(tinyconv.tensor(1.0, requires_grad=True))
    (source,) = y.steps().forth().sources
    assert source.file.endswith("arithmetic.py")
    assert "lambda dy, y: dy * y" in source.text


def test_statistics_of_large_tensors():
    from tinyconv.stepping.step import about

    x = tinyconv.tensor([[0.0, 0.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0]])
    assert about(x) == "(2, 4) float32  min 0  mean 0.875  max 4  norm 5  zeros 75%"
    assert about(tinyconv.tensor([1.0, 2.5])) == "(2,) float32  [1. , 2.5]"
    assert (
        about(tinyconv.tensor([[1.0, float("nan"), float("inf"), 0.0]] * 2))
        == "(2, 4) float32  4 of 8 are NaN or infinite"
    )
    assert about(tinyconv.zeros(0, 3)) == "(0, 3) float32  empty"


# ---------------------------------------------------------------- what happens beside


def test_a_graph_that_is_freed_on_the_way_is_refused():
    y, x = stepping.diamond()
    steps = y.steps()
    steps.forth()
    y.backward()
    with pytest.raises(GraphError, match="the graph behind 'add' was freed by an earlier backward pass"):
        steps.forth()
    assert len(steps.taken) == 1


def test_a_hook_that_fails_at_the_end_leaves_the_last_step_to_be_done():
    x = tinyconv.tensor(2.0, requires_grad=True)

    def fails(dx):
        raise ZeroDivisionError

    handle = x.register_hook(fails)
    steps = (x * 3.0).steps()
    with pytest.raises(ZeroDivisionError):
        steps.forth()
    assert not steps.done
    assert x.grad is None
    handle.remove()
    steps.forth()
    assert x.grad.item() == 3


def test_gradients_of_others_are_not_taken_away():
    x = tinyconv.tensor(2.0, requires_grad=True)
    steps = (x * 3.0).steps()
    list(steps)
    (x * 5.0).backward()
    with pytest.raises(GraphError, match="back: a .grad has been changed since the last step was done"):
        steps.back()
    assert x.grad.item() == 8
    assert steps.done


def test_going_back_forgets_its_own_events_and_no_others():
    with tinyconv.trace() as trace:
        x = tinyconv.tensor([1.0, -2.0], requires_grad=True)
        y = tinyconv.relu(x * 3.0)
        loss = y.sum()
        steps = loss.steps()
        list(steps)
        z = x * 4.0
        steps.rewind()
    assert [event.name for event in trace.events] == ["mul", "relu", "sum", "mul"]
    assert trace.event_of(z) is trace.events[-1]
    assert trace.gradient_of(y) is None
