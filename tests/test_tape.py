"""The record itself: what an Operation knows, and who may watch."""

import threading
from pathlib import Path

import numpy as np
import pytest

import tinyconv
from tinyconv import nn, observe
from tinyconv.tape import Operation


@pytest.fixture
def x():
    return tinyconv.tensor([1.0, 2.0], requires_grad=True)


def test_an_operation_knows_its_name_shape_and_arguments(x):
    y = x.clip(0, 1.5)
    assert y.grad_fn.name == "clip"
    assert (y.grad_fn.shape, y.grad_fn.dtype) == ((2,), np.float32)
    assert y.grad_fn.arguments == {"min": 0, "max": 1.5}
    assert repr(y.grad_fn) == "<clip -> (2,)>"
    assert y.grad_fn.sources == [x]
    assert y.source is y.grad_fn
    assert x.source is x
    assert x.detach().source is None


def test_a_graph_can_be_followed_to_its_leaves(x):
    operation, names = ((x * 2).exp() + 1).sum().grad_fn, []
    while isinstance(operation, Operation):
        names.append(operation.name)
        operation = operation.sources[0]
    assert names == ["sum", "add", "exp", "mul"]
    assert operation is x


def test_operations_are_numbered_in_the_order_of_recording(x):
    a = x * 2
    b = x * 3
    assert b.grad_fn.order > a.grad_fn.order


def test_a_freed_operation_has_no_sources(x):
    y = (x * x).sum()
    y.backward()
    assert y.grad_fn.sources == []


def test_only_tensors_that_a_rule_mentions_are_saved(x):
    (rule,) = (x * 3).grad_fn.rules
    assert [s.tolist() for s, _ in rule.saved] == [3.0]
    (rule,) = (x + 3).grad_fn.rules
    assert rule.saved == []
    assert (x * 3).grad_fn.output is None
    assert x.exp().grad_fn.output[0].tolist() == np.exp(np.float32([1, 2])).tolist()


def test_a_tensor_inside_a_tuple_is_saved_too(x):
    index = tinyconv.tensor([0])
    (rule,) = x[index].grad_fn.rules
    ((saved, _),) = rule.saved
    assert saved is index


# ---------------------------------------------------------------- observers


def test_observers_see_every_operation(x):
    seen = []
    with observe.on_operation(lambda name, inputs, output, arguments: seen.append((name, inputs, output, arguments))):
        y = x.sum(0)
        with tinyconv.no_grad():
            z = y * 2
    z.exp()
    assert [name for name, *_ in seen] == ["sum", "mul"]
    assert seen[0][1][0] is x
    assert seen[0][2] is y
    assert seen[0][3] == {"dim": (0,)}
    assert seen[1][2] is z
    assert not observe.observed()


def test_line_and_layer_are_known_while_somebody_watches(x):
    assert (x * 2).grad_fn.line == ""
    with observe.on_operation(lambda *_: None):
        y = x * 2
        with observe.inside_module("block"), observe.inside_module(""), observe.inside_module("conv"):
            z = x * 2
    file, _, line = y.grad_fn.line.rpartition(":")
    assert file == __file__
    assert Path(file).read_text(encoding="utf-8").splitlines()[int(line) - 1].strip() == "y = x * 2"
    assert y.grad_fn.module == ""
    assert z.grad_fn.module == "block.conv"
    assert repr(z.grad_fn) == "<mul in block.conv -> (2,)>"


def test_the_backward_pass_is_watched_too(x):
    names = []
    y = (x * x).sum()
    with observe.on_operation(lambda name, *_: names.append(name)):
        y.backward()
    assert "mul" in names


def test_steps_backward_are_watched_with_the_gradients_that_they_reach(x):
    steps = []
    y = (x * 2 + x * 3).sum()
    with observe.on_step(lambda operation, dy, dxs, given: steps.append((operation.name, [dx.tolist() for dx in dxs]))):
        y.backward()
    assert [name for name, _ in steps] == ["sum", "add", "mul", "mul"]
    assert [dxs for _, dxs in steps[2:]] == [[[3, 3]], [[5, 5]]]  # the second one: the sum of both
    assert not observe.observed()


def test_operations_of_a_backward_pass_know_whose_it_is(x):
    with observe.on_operation(lambda *_: None):
        with observe.inside_module("conv", "Conv2d"):
            y = x.exp()  # the way forward
        (dx,) = tinyconv.grad(y.sum(), x, create_graph=True)
    made, origin = dx.grad_fn, y.grad_fn
    assert made.backward_of is origin
    assert (made.name, made.module, made.layer) == ("mul", "conv", "Conv2d")
    assert made.line == origin.line
    assert origin.backward_of is None
    assert observe.step_back() is None


def test_layers_of_one_thread_are_not_those_of_another(x):
    paths = []

    def work():
        paths.append((x * 2).grad_fn.module)

    with observe.on_operation(lambda *_: None), observe.inside_module("here"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        work()
    assert paths == ["", "here"]


def test_modules_name_themselves():
    net = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Tanh()))
    with observe.on_operation(lambda *_: None):
        y = net(tinyconv.ones(1, 2))
    assert y.grad_fn.name == "tanh"
    assert y.grad_fn.module == "1.0"


def test_threads_record_and_walk_side_by_side():
    """Eight threads, each its own graph; the clock they share keeps every order right."""
    results = {}

    def work(k):
        w = tinyconv.tensor(float(k), requires_grad=True)
        for _ in range(20):
            y = w
            for _ in range(30):
                y = y + w * 1
            y.backward()
        results[k] = w.grad.item()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(8), 20 * 31)
