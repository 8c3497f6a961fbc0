"""Whole nets in the fast engine beside the definitions: gradients in both data types, and a training of LeNet-5."""

import numpy as np
import pytest

import tinyconv
from tinyconv import data, models, nn, optim

pytest.importorskip("numba", reason="Numba is not installed")


def deck():
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.3)),
        *(nn.Conv2d(32, 48, 3, padding=1), nn.ReLU(), nn.Dropout(0.4)),
        *(nn.Flatten(), nn.Linear(48 * 6 * 6, 40), nn.ReLU(), nn.Dropout(0.25), nn.Linear(40, 10)),
    )


def block(i, o, stride=1):
    body = nn.Sequential(
        *(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU()),
        *(nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)),
    )
    shortcut = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False), nn.BatchNorm2d(o)) if i != o else None
    return nn.Residual(body, shortcut, relu=True)


def resnet():
    return nn.Sequential(
        *(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(3, 2, 1)),
        *(block(16, 16), block(16, 32, stride=2), block(32, 32)),
        *(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(32 * 2 * 2, 10)),
    )


NETS = {  # with the size of a picture; more channels than FEW, so that Winograd's algorithms have a part in it
    "deck": (deck, (1, 26, 26)),
    "lenet": (models.LeNet5, (1, 28, 28)),
    "resnet": (resnet, (3, 32, 32)),
}


def gradients(name, engine, dtype, N=8):
    """The loss, its gradients and the running statistics after one step, of the same weights and pictures."""
    make, picture = NETS[name]
    tinyconv.manual_seed(0)
    net = make().to(dtype=dtype)
    rng = np.random.default_rng(0)
    x = tinyconv.tensor(rng.standard_normal((N, *picture)).astype(np.float32).astype(dtype)).requires_grad_()
    tinyconv.manual_seed(1)  # for dropout
    with tinyconv.engine(engine):
        loss = nn.functional.cross_entropy(net(x), tinyconv.tensor(rng.integers(0, 10, N)))
        loss.backward()
    named = {"loss": loss.detach(), "x": x.grad, **{n: p.grad for n, p in net.named_parameters()}}
    named |= dict(net.named_buffers())
    assert all(a.dtype == dtype for a in named.values() if a.dtype.kind == "f")
    return {name: a.numpy().astype(np.float64) for name, a in named.items()}


def errors(found, exact):
    """Of each array, as a share of its size."""
    assert found.keys() == exact.keys()
    return {name: np.linalg.norm(a - exact[name]) / np.linalg.norm(exact[name]) for name, a in found.items()}


@pytest.mark.parametrize("name", NETS)
def test_gradients_in_float64(name):
    wrong = errors(gradients(name, "numba", np.float64), gradients(name, "numpy", np.float64))
    assert max(wrong.values()) < 1e-10, wrong


@pytest.mark.parametrize("name", NETS)
def test_gradients_in_float32(name):
    """How far rounding carries depends on the net; what the definitions lose by it in float32 is the measure.

    The fast engine rounds as often, in another order; Winograd's algorithms lose up to 6 times as much as plain sums
    do (set_precision), so 8 times the definitions' error is allowed, and that of one rounding of every element.
    """
    exact = gradients(name, "numpy", np.float64)
    plain = errors(gradients(name, "numpy", np.float32), exact)
    for key, error in errors(gradients(name, "numba", np.float32), exact).items():
        assert error <= 8 * plain[key] + np.finfo(np.float32).eps, f"{key}: {error:.2g}, in NumPy {plain[key]:.2g}"


# ---------------------------------------------------------------- training


def digits(first, last):
    """Some training digits, and labels."""
    some = data.mnist(train=True)[first:last]
    return data.Normalize(*data.MNIST_STATISTICS)(some.images), some.labels


def lenet_after(engine, epochs, x, t, batch, dtype=np.float32):
    """LeNet-5 trained for so many epochs; same weights and batches for the same seed."""
    tinyconv.manual_seed(7)
    net, x = models.LeNet5().to(dtype=dtype), x.astype(dtype)
    optimiser = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    order = np.random.default_rng(7)
    with tinyconv.engine(engine):
        for _ in range(epochs):
            for some in np.array_split(order.permutation(len(t)), max(1, len(t) // batch)):
                optimiser.zero_grad()
                nn.functional.cross_entropy(net(tinyconv.tensor(x[some])), tinyconv.tensor(t[some])).backward()
                optimiser.step()
    return net


def test_lenet_learns_the_same_in_every_engine():
    """Trained on 600 digits, two nets disagree about two in 600 others at most. (`loops` would take an hour.)"""
    x, t = digits(0, 600)
    others, labels = digits(600, 1200)

    def right(engine):
        net = lenet_after(engine, 4, x, t, batch=30)
        with tinyconv.engine(engine), tinyconv.no_grad():
            return int((net(tinyconv.tensor(others)).numpy().argmax(1) == labels).sum())

    plain, fast = right("numpy"), right("numba")
    assert plain > 0.8 * len(labels)
    assert abs(plain - fast) <= 2


@pytest.mark.parametrize("engine", ["loops", "numpy", "numba"])
def test_a_step_of_lenet_is_the_same_in_every_engine(engine):
    """A new weight is rounded once; no sum on the way to its gradient has more than 784 terms."""
    x, t = digits(0, 1)
    before, after = (lenet_after("numpy", steps, x, t, 1, np.float64).state_dict() for steps in (0, 1))
    for name, w in lenet_after(engine, 1, x, t, 1).state_dict().items():
        step = np.abs(after[name].numpy() - before[name].numpy()).max()
        bound = np.finfo(np.float32).eps * (np.abs(before[name].numpy()).max() + 784 * step)
        assert step > 0
        assert np.abs(w.numpy() - after[name].numpy()).max() <= bound, name
