"""Models: as many parameters as they should have, the same numbers as PyTorch, and they can learn."""

import numpy as np
import pytest

import tinyconv as tc
import tinyconv.nn.functional as F
from tinyconv import models, optim
from tinyconv.data import mnist
from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError

LENET5 = {  # layer: weights + biases, counted by hand
    "features.0": 6 * 25 + 6,
    "features.3": 16 * 6 * 25 + 16,
    "classifier.1": 120 * 400 + 120,
    "classifier.3": 84 * 120 + 84,
    "classifier.5": 10 * 84 + 10,
}
SIZES = {"lenet5": (sum(LENET5.values()), (1, 28, 28))}  # parameters, input


@pytest.mark.parametrize("name", models.names())
def test_every_model_has_its_size_and_gives_logits(name):
    count, shape = SIZES[name]
    model = models.create(name)
    assert sum(p.numel() for p in model.parameters()) == count
    assert model(tc.zeros(2, *shape)).shape == (2, 10)


def test_lenet5_has_the_papers_layers():
    model = models.LeNet5()
    counts = {}
    for path, p in model.named_parameters():
        layer = path.rpartition(".")[0]
        counts[layer] = counts.get(layer, 0) + p.numel()
    assert counts == LENET5
    assert sum(counts.values()) == 61_706


def test_lenet5_for_other_pictures():
    model = models.create("lenet5", num_classes=7, in_channels=3)
    assert model(tc.zeros(1, 3, 28, 28)).shape == (1, 7)


def lenet5_in(torch):
    """LeNet-5 written once more, in PyTorch."""
    t = torch.nn
    net = t.Module()
    net.features = t.Sequential(
        t.Conv2d(1, 6, 5, padding=2), t.Tanh(), t.AvgPool2d(2), t.Conv2d(6, 16, 5), t.Tanh(), t.AvgPool2d(2)
    )
    net.classifier = t.Sequential(
        t.Flatten(), t.Linear(400, 120), t.Tanh(), t.Linear(120, 84), t.Tanh(), t.Linear(84, 10)
    )
    return net.double()


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_lenet5_equals_its_twin_forward_and_in_all_gradients(rng, name):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    if name == "numba":
        pytest.importorskip("numba", reason="Numba is not installed")
    model, twin = models.LeNet5().double(), lenet5_in(torch)
    twin.load_state_dict({path: torch.tensor(p.numpy()) for path, p in model.state_dict().items()})
    images, labels = rng.standard_normal((5, 1, 28, 28)), rng.integers(0, 10, 5)
    x, t = tc.tensor(images, requires_grad=True), torch.tensor(images, requires_grad=True)

    with tc.engine(name):
        y = model(x)
        loss = F.cross_entropy(y, tc.tensor(labels))
        loss.backward()
    z = twin.classifier(twin.features(t))
    torch.nn.functional.cross_entropy(z, torch.tensor(labels)).backward()

    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(x.grad.numpy(), t.grad.numpy(), rtol=1e-10, atol=1e-12)
    theirs = dict(twin.named_parameters())
    for path, p in model.named_parameters():
        np.testing.assert_allclose(p.grad.numpy(), theirs[path].grad.numpy(), rtol=1e-10, atol=1e-12, err_msg=path)


def test_lenet5_has_the_same_loss_and_gradients_in_every_engine(rng):
    pytest.importorskip("numba", reason="Numba is not installed")
    model = models.LeNet5()
    images, labels = tc.tensor(rng.standard_normal((1, 1, 28, 28)).astype(np.float32)), tc.tensor([3])
    found = {}
    for name in ("loops", "numpy", "numba"):
        with tc.engine(name):
            model.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
        found[name] = [loss.item(), *(p.grad.numpy() for p in model.parameters())]
    for name in ("numpy", "numba"):
        for a, b in zip(found[name], found["loops"], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_lenet5_can_learn_32_digits_by_heart():
    """Real digits with random labels: nothing but memory helps."""
    tc.manual_seed(0)
    images = tc.tensor(mnist(train=False).images[:32] / np.float32(255))
    labels = tc.tensor(np.random.default_rng(0).integers(0, 10, 32))
    model = models.LeNet5()
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(200):
        optimizer.zero_grad()
        y = model(images)
        if (y.argmax(1).numpy() == labels.numpy()).all():
            return
        F.cross_entropy(y, labels).backward()
        optimizer.step()
    pytest.fail("not all 32 in 200 steps")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: models.create("lenet"),
            UnknownNameError,
            "^models.create: there is no model 'lenet'. Did you mean 'lenet5'? Known: lenet5",
        ),
        (
            lambda: models.create("lenet5", num_classes=0),
            ArgumentError,
            "^models.create: num_classes is 0; it must be a whole number of at least 1",
        ),
        (
            lambda: models.create("lenet5", in_channels=1.5),
            ArgumentError,
            "^models.create: in_channels is 1.5; it",
        ),
        (
            lambda: models.LeNet5()(tc.zeros(1, 1, 32, 32)),
            ShapeError,
            r"^linear \(classifier\.1\): input \(1, 576\) has 576 features, weight \(120, 400\) expects 400\.",
        ),
        (
            lambda: models.LeNet5()(tc.zeros(1, 3, 28, 28)),
            ShapeError,
            r"^conv2d \(features\.0\): input has 3 channels, .* Set in_channels=3",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message.replace("?", r"\?")):
        call()
