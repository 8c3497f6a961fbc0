"""Layers done in one pass: the numbers are those of one layer after the other, and whoever looks sees them apart."""

import numpy as np
import pytest

import tinyconv
from tinyconv import nn
from tinyconv.errors import ShapeError
from tinyconv.nn.fusion import together

pytest.importorskip("numba", reason="Numba, in whose engine layers are done together, is not installed")


def conv():
    return nn.Conv2d(3, 20, 3, padding=1)


NETS = {
    "conv, relu": lambda: [conv(), nn.ReLU()],
    "conv, relu, dropout": lambda: [conv(), nn.ReLU(), nn.Dropout(0.3)],
    "conv, relu, pool": lambda: [conv(), nn.ReLU(), nn.MaxPool2d(2)],
    "conv, relu, overlapping pool, dropout": lambda: [conv(), nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.Dropout(0.5)],
    "conv, relu, pool rounded up": lambda: [conv(), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True)],
    "norm, relu": lambda: [conv(), nn.BatchNorm2d(20), nn.ReLU()],
    "tanh, pool": lambda: [conv(), nn.Tanh(), nn.AvgPool2d(2)],
    "tanh, pool of planes": lambda: [nn.Conv2d(3, 6, 5), nn.Tanh(), nn.AvgPool2d(2)],
    "tanh, overlapping pool": lambda: [conv(), nn.Tanh(), nn.AvgPool2d(3, 2)],
    "tanh, bordered pool": lambda: [conv(), nn.Tanh(), nn.AvgPool2d(3, 2, 1, count_include_pad=False)],
    "tanh, pool rounded up": lambda: [conv(), nn.Tanh(), nn.AvgPool2d(2, ceil_mode=True)],
    "tanh, sums": lambda: [conv(), nn.Tanh(), nn.AvgPool2d(2, divisor_override=1)],
    "no bias": lambda: [nn.Conv2d(3, 4, 3, bias=False), nn.ReLU(), nn.MaxPool2d(2)],
    "residual": lambda: [conv(), nn.Residual(nn.Sequential(nn.Conv2d(20, 20, 1), nn.BatchNorm2d(20)), relu=True)],
    "shortcut": lambda: [
        nn.Residual(nn.Sequential(conv(), nn.BatchNorm2d(20)), nn.Sequential(conv(), nn.BatchNorm2d(20)))
    ],
}


def trained(make, x, dy, training):
    """Output, gradients, and running statistics after one step."""
    tinyconv.manual_seed(3)
    net = nn.Sequential(*make()).train(training)
    tinyconv.manual_seed(4)  # for dropout
    x = tinyconv.tensor(x).requires_grad_()
    y = net(x)
    y.backward(tinyconv.tensor(dy[tuple(map(slice, y.shape))]))
    return [a.numpy().copy() for a in (y.detach(), x.grad, *[p.grad for p in net.parameters()], *net.buffers())]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", NETS)
def test_together_as_apart(rng, name, training):
    x = rng.standard_normal((2, 3, 9, 8), np.float32)
    dy = rng.standard_normal((2, 20, 9, 8), np.float32)
    together, seen = trained(NETS[name], x, dy, training), []
    with tinyconv.on_operation(lambda name, *_: seen.append(name)):
        apart = trained(NETS[name], x, dy, training)
    assert not {"conv2d_relu", "tanh_avg_pool2d"} & set(seen) and "conv2d" in seen
    for a, b in zip(together, apart, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5 * abs(b).max())


def names_in(y):
    """The names of all operations behind y."""
    found, stack = set(), [y.grad_fn]
    while stack:
        operation = stack.pop()
        if operation is not None and hasattr(operation, "name"):
            found.add(operation.name)
            stack += operation.sources
    return found


def test_what_is_done_together_is_one_operation():
    x = tinyconv.rand(1, 3, 8, 8)
    net = nn.Sequential(*NETS["conv, relu, overlapping pool, dropout"]())
    assert names_in(net(x)) == {"conv2d_relu"}
    assert names_in(nn.Sequential(conv(), nn.BatchNorm2d(20), nn.ReLU())(x)) == {"conv2d", "batch_norm"}
    assert names_in(nn.Sequential(conv(), nn.Tanh(), nn.AvgPool2d(2))(x)) == {"conv2d", "tanh_avg_pool2d"}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_hook_sees_its_layer(rng, place):
    layers = NETS["conv, relu, pool"]()
    x = tinyconv.tensor(rng.standard_normal((1, 3, 8, 8), np.float32))
    seen = []
    layers[place].register_forward_hook(lambda module, inputs, output: seen.append(output.shape))
    nn.Sequential(*layers)(x)
    assert seen == [[(1, 20, 8, 8), (1, 20, 8, 8), (1, 20, 4, 4)][place]]


def test_other_engines_and_subclasses_go_apart():
    class Mine(nn.ReLU):
        def forward(self, x):
            return x * 2

    x = tinyconv.rand(1, 3, 8, 8)
    assert together([conv(), nn.ReLU()], x) == 2
    assert together([conv(), Mine()], x) == 1
    assert together([nn.Tanh(), nn.AvgPool2d(2)], x) == 2
    assert together([nn.Tanh(), nn.AvgPool2d(2, padding=1)], x) == 1
    with tinyconv.engine("numpy"):
        assert together([conv(), nn.ReLU()], x) == 1


def test_an_error_names_the_layer_that_it_is_about():
    net = nn.Sequential(conv(), nn.ReLU(), nn.MaxPool2d(7))
    with pytest.raises(ShapeError, match=r"max_pool2d \(2\).*7x7") as caught:
        net(tinyconv.rand(1, 3, 5, 5))
    assert caught.value.module == "2"


def test_the_intermediate_maps_are_not_kept():
    x, before = tinyconv.rand(4, 3, 64, 64), tinyconv.memory_stats()["lent"]
    y = nn.Sequential(*NETS["conv, relu, pool"]())(x)
    kept = tinyconv.memory_stats()["lent"] - before
    assert y.data.nbytes <= kept < 2 * y.data.nbytes  # y, and a byte for each of its winners
