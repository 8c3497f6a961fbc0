"""A trace has every number of a pass, and knows what made it."""

import gc
import threading
import weakref

import numpy as np
import pytest

import tinyconv
from tinyconv import nn
from tinyconv.errors import GraphError
from tinyconv.nn import functional as F
from tinyconv.stepping import trace_of


def pass_through(net, rng):
    with tinyconv.trace() as trace:
        x = tinyconv.from_numpy(rng.standard_normal((2, 1, 6, 6)).astype(np.float32))
        loss = F.cross_entropy(net(x), tinyconv.tensor([0, 1], dtype=tinyconv.int64))
        loss.backward()
    return trace, loss


def net_with_names():
    tinyconv.manual_seed(1)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(32, 2))


def test_events_stand_in_the_order_in_which_they_ran(rng):
    trace, _ = pass_through(net_with_names(), rng)
    forward = [(event.name, event.module, event.layer) for event in trace.forward if event.operation]
    assert forward[:5] == [
        ("conv2d", "0", "Conv2d"),
        ("batch_norm", "1", "BatchNorm2d"),
        ("relu", "2", "ReLU"),
        ("reshape", "3", "Flatten"),
        ("linear", "4", "Linear"),
    ]
    assert [event.module for event in trace.backward if event.module] == ["4"] * 4 + ["3", "2"] + ["1"] * 3 + ["0"] * 2
    assert all("test_trace.py:" in event.line for event in trace.events if event.step or event.operation)


def test_numbers_of_an_event_are_those_of_the_pass(rng):
    net = net_with_names()
    trace, _ = pass_through(net, rng)
    (relu,) = [event for event in trace.in_layer("2") if event.forward]
    x = relu.inputs[0].data
    assert (relu.output.data == np.where(x > 0, x, 0)).all()
    (back,) = [event for event in trace.in_layer("2") if not event.forward]
    assert (back.output.data == np.where(x > 0, relu.gradient.data, 0)).all()


def test_what_made_a_gradient(rng):
    net = net_with_names()
    trace, _ = pass_through(net, rng)

    def made(x):  # in memory of its own, so perhaps by a copy
        event = trace.event_of(x)
        return trace.event_of(event.inputs[0]) if event.name == "clone" else event

    assert made(net[0].weight.grad).name == "conv2d_weight"
    assert made(net[0].bias.grad).name == "channel_sums"
    scale = made(net[1].weight.grad)  # one kernel for all three gradients
    assert (scale.name, scale.source) == ("batch_norm'", net[1].weight)
    assert trace.event_of(net[1].bias) is None
    assert trace.gradient_of(net[1].bias) is net[1].bias.grad
    assert trace.name_of(net[1].bias) == "1.bias"
    assert trace_of(net[0].weight.grad) is trace


def test_the_newest_trace_is_found():
    x = tinyconv.tensor(1.0, requires_grad=True)
    with tinyconv.trace() as outer, tinyconv.trace() as inner:
        y = x * 2.0
    assert outer.event_of(y) is not inner.event_of(y)
    assert trace_of(y) is inner
    del inner
    gc.collect()
    assert trace_of(y) is outer


def test_nothing_is_kept_after_the_block_and_it_may_be_entered_again():
    x = tinyconv.tensor(1.0)
    with tinyconv.trace() as trace:
        _ = x * 2.0
    _ = x * 3.0
    with trace, trace:
        _ = x * 4.0
    assert [event.output.item() for event in trace.events] == [2, 4]
    assert tinyconv.observe.observed() is False


def test_other_threads_are_not_traced():
    x = tinyconv.tensor(1.0)
    with tinyconv.trace() as trace:
        thread = threading.Thread(target=lambda: x * 2.0)
        thread.start()
        thread.join()
    assert len(trace) == 0


def test_a_trace_goes_with_its_last_name():
    x = tinyconv.tensor(1.0, requires_grad=True)
    gc.disable()
    try:
        with tinyconv.trace() as trace:
            y = x * 2.0
        trace, tensor = weakref.ref(trace), weakref.ref(y)
        del y
        assert trace() is None
        assert tensor() is None
    finally:
        gc.enable()


def test_a_number_that_was_changed_since_is_refused():
    x = tinyconv.tensor([1.0, 2.0])
    with tinyconv.trace() as trace:
        _ = x * 3.0
    (event,) = trace.events
    event.check_unchanged()
    x.add_(1.0)
    with pytest.raises(GraphError, match=r"mul: a tensor of shape \(2,\) was changed in place after the operation ran"):
        event.check_unchanged()


def test_what_gives_leaves_their_gradients_is_no_forward_pass():
    a, b = (tinyconv.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
    a.register_hook(lambda dx: dx * 2.0)
    with tinyconv.trace() as trace:
        for _ in range(2):
            (a + b).sum().backward()
    assert [event.name for event in trace.forward] == ["add", "sum"] * 2
    assert a.grad.tolist() == [4, 4]
    assert {"mul", "add"} <= {event.name for event in trace.backward}
