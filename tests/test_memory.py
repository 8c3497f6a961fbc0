"""What is kept, and for how long. The garbage collector is off: nothing here may wait for it."""

import gc
import sys
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import tinyconv
from tinyconv import nn, observe
from tinyconv.ops.activation import log_softmax, relu, sigmoid, softmax, tanh
from tinyconv.ops.arithmetic import exp, maximum, sqrt, where
from tinyconv.ops.join import cat, split, stack
from tinyconv.ops.pad import pad
from tinyconv.tensor import grad


@pytest.fixture(autouse=True)
def no_garbage_collector():
    """And no compiler, which would leave garbage of its own."""
    gc.disable()
    gc.freeze()  # only what a test makes is searched
    with tinyconv.engine("numpy"):
        yield
    gc.unfreeze()
    gc.enable()


def garbage():
    """Objects of tinyconv that only the garbage collector can free."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return [x for x in gc.garbage if type(x).__module__.startswith("tinyconv")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


def leaf(*shape):
    return tinyconv.ones(*shape, dtype=np.float64, requires_grad=True)


OPERATIONS = {
    "mul": lambda x: x * x,
    "div": lambda x: 1 / x,
    "pow": lambda x: x**3 + x**x,
    "exp": exp,
    "sqrt": sqrt,
    "maximum": lambda x: maximum(x, 0.5 * x),
    "where": lambda x: where(x > 0, x, 0),
    "clip": lambda x: x.clip(0, 2),
    "abs": abs,
    "sum": lambda x: x.sum(0),
    "var": lambda x: x.var(1),
    "amax": lambda x: x.amax(0),
    "matmul": lambda x: x @ x.T,
    "getitem": lambda x: x[[0, 0]] + x[0],
    "iteration": lambda x: sum(x),
    "cat": lambda x: cat([x, *split(x, 1)]),
    "stack": lambda x: stack([x, x]),
    "pad": lambda x: pad(x, (1, 1)),
    "reshape": lambda x: x.reshape(-1).expand(2, 6).permute(1, 0).flatten(),
    "activations": lambda x: softmax(relu(sigmoid(tanh(x)))) + log_softmax(x),
    "to": lambda x: x.float(),
    "clone": lambda x: x.clone().squeeze().unsqueeze(0),
    "iadd": lambda x: x.__neg__().__iadd__(x),
}


@pytest.mark.parametrize("backward", [None, "once", "twice"])
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_no_reference_cycles(operation, backward):
    """Dropping the loss drops the graph at once, be it walked or not."""
    x = leaf(2, 3)
    y = operation(x)
    loss = (y * y).sum()
    watched = [weakref.ref(y), weakref.ref(y.data), weakref.ref(y.grad_fn), weakref.ref(loss.grad_fn)]
    if backward == "once":
        loss.backward()
    elif backward == "twice":
        (dx,) = grad(loss, x, create_graph=True)
        (dx * dx).sum().backward()
        del dx
    del y, loss
    assert [ref() for ref in watched] == [None] * 4
    if backward != "once":
        x.grad = None
    assert garbage() == []


def test_a_hook_makes_no_cycle():
    x = leaf(3)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda dy: dy * 2)
    y.grad_fn.register_hook(lambda operation, dy, gradients: None)
    loss = (y * y).sum()
    loss.backward()
    ref = weakref.ref(y.grad_fn)
    del y, loss
    assert ref() is None


def test_intermediate_arrays_die_while_backward_goes_on():
    """When the gradient reaches the first operations, the arrays of the last ones are gone."""
    x = leaf(1000)
    h, arrays, alive = x * 1, [], []
    first = h
    for _ in range(5):
        h = sigmoid(h * h)
        arrays.append(weakref.ref(h.data))
    loss = h.sum()
    del h
    first.grad_fn.register_hook(lambda *_: alive.append([ref() is not None for ref in arrays]))
    assert all(ref() is not None for ref in arrays)
    loss.backward()
    assert alive == [[False] * 5]


def test_gradients_on_the_way_die_too():
    x = leaf(1000)
    h, seen, alive = x, [], []

    def note(dy):
        alive.append(sum(ref() is not None for ref in seen))
        seen.append(weakref.ref(dy))

    for _ in range(10):
        h = h * 1.5
        h.register_hook(note)
    h.sum().backward()
    assert len(alive) == 10
    assert max(alive) <= 2  # the one just used, and the one it gave


def test_retain_graph_keeps_arrays_until_the_loss_is_dropped():
    x = leaf(10)
    loss = exp(x).sum()
    array = weakref.ref(loss.grad_fn.sources[0].output[0])
    loss.backward(retain_graph=True)
    assert array() is not None
    del loss
    assert array() is None


def test_only_what_a_rule_needs_is_kept():
    """add keeps nothing of its inputs, and a product with a constant not the other factor."""
    x = leaf(10)
    a = x * 2
    ref = weakref.ref(a.data)
    y = (a + 1) * 3
    del a
    assert ref() is None
    y.sum().backward()
    assert x.grad.tolist() == [6] * 10


def bytes_in_arrays():
    """What NumPy has allocated, of all that tracemalloc has seen."""
    only_arrays = tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)
    snapshot = tracemalloc.take_snapshot().filter_traces([only_arrays])
    return sum(trace.size for trace in snapshot.traces)


def training_step(net, optimise, images, labels):
    loss = -(log_softmax(net(images)) * labels).sum() / len(images)
    net.zero_grad()
    loss.backward()
    with tinyconv.no_grad():
        for p in net.parameters():
            optimise(p)
    return loss.item()


def test_a_hundred_steps_leave_no_growth():
    net = nn.Sequential(nn.Linear(20, 30), nn.Tanh(), nn.Linear(30, 5))
    images, labels = (
        tinyconv.rand(8, 20),
        tinyconv.tensor(np.eye(5, dtype=np.float32)[[0, 1, 2, 3, 4, 0, 1, 2]]),
    )

    def descend(p):
        p -= 0.1 * p.grad

    def steps(n):
        return [training_step(net, descend, images, labels) for _ in range(n)]

    steps(10)
    tracemalloc.start()
    try:
        steps(5)
        objects, arrays = len(gc.get_objects()), bytes_in_arrays()
        losses = steps(100)
        assert len(gc.get_objects()) - objects < 20  # the test's own; one a step would be a hundred
        assert bytes_in_arrays() - arrays == 0
    finally:
        tracemalloc.stop()
    assert losses[-1] < losses[0]
    assert garbage() == []


def test_dropping_a_very_deep_graph_does_not_crash():
    x = leaf()
    y = x
    for _ in range(100_000):
        y = y + 1
    ref = weakref.ref(y.grad_fn)
    del y
    assert ref() is None


def test_a_deep_graph_in_a_thread_with_a_small_stack():
    done = []

    def work():
        x = leaf()
        y = x
        for _ in range(20_000):
            y = sqrt(y * y)
        y.backward()
        done.append(x.grad.item())

    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    assert len(done) == 1
    assert sys.getrecursionlimit() < 20_000


def test_a_tensor_is_small():
    """A hundred bytes or two for a Tensor, besides its array."""
    assert sys.getsizeof(leaf(3)) < 200
    assert not hasattr(leaf(3), "__dict__")


def test_no_grad_keeps_nothing():
    x = leaf(10)
    with tinyconv.no_grad():
        a = exp(x)
        ref = weakref.ref(a.data)
        b = a * a
        del a
        assert ref() is None
    assert b.grad_fn is None
    assert not observe.observed()
