"""A net that answers several questions, and its evaluation."""

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import models, nn, optim
from tinyconv.errors import ArgumentError, DataError, UnknownNameError
from tinyconv.train import evaluate_heads
from zoo.learning import digits


def test_a_vehicle_is_asked_three_questions():
    net = models.create("multi_output").eval()
    with tc.no_grad():
        y = net(tc.zeros(0, 3, 96, 96))
    assert {name: logits.shape for name, logits in y.items()} == {"type": (0, 4), "side": (0, 4), "time": (0, 2)}


@pytest.mark.parametrize(
    "trunk", [nn.Conv2d(3, 5, 3), nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 5))]
)
def test_any_trunk_will_do(rng, trunk):
    """Each head is a dense layer on the trunk's features, or on their mean over all pixels."""
    net = models.MultiOutput(trunk, 5, {"a": 2, "b": 7})
    x = tc.tensor(rng.standard_normal((4, 3, 6, 6)).astype(np.float32))
    features = trunk(x).detach().numpy()
    features = features.mean((2, 3)) if features.ndim == 4 else features
    y = net(x)
    for name, head in net.heads.items():
        expected = features @ head.weight.detach().numpy().T + head.bias.detach().numpy()
        np.testing.assert_allclose(y[name].detach().numpy(), expected, rtol=1e-4, atol=1e-6)


def test_loss_by_hand():
    """ln 2 and ln 4 for equal logits; one picture's side is not known."""
    net = models.MultiOutput(nn.Flatten(), 1, {"time": 2, "side": 4})
    outputs = {"time": tc.zeros(2, 2), "side": tc.tensor([[0.0, 0, 0, 0], [9.0, 0, 0, 0]])}
    targets = {"time": np.array([0, 1]), "side": np.array([2, -100])}
    assert net.loss(outputs, targets).item() == pytest.approx(np.log(2) + np.log(4))
    assert net.loss(outputs, targets, {"side": 0.5}).item() == pytest.approx(np.log(2) + 0.5 * np.log(4))


def test_every_head_teaches_the_trunk(rng):
    """The trunk's gradient is the sum of those from each question alone."""
    net = models.create("multi_output", heads={"a": 2, "b": 3}, in_channels=1, width=2).double().eval()
    x, targets = tc.tensor(rng.standard_normal((3, 1, 16, 16))), {"a": np.array([0, 1, 1]), "b": np.array([2, 0, 1])}

    def gradient(weights):
        net.zero_grad()
        net.loss(net(x), targets, weights).backward()
        return net.trunk[0].weight.grad.numpy().copy()

    alone = gradient({"b": 0.0}), gradient({"a": 0.0})
    assert all(np.any(g) for g in alone)
    np.testing.assert_allclose(gradient(None), sum(alone), rtol=1e-10, atol=1e-14)


def test_it_learns_digits_by_heart():
    """What digit it is, whether it is odd, whether it is more than 4."""
    tc.manual_seed(1)
    x, labels = digits(8, 32, 1)
    targets = {"digit": labels, "odd": labels % 2, "large": (labels > 4).astype(np.int64)}
    net = models.create("multi_output", heads={"digit": 10, "odd": 2, "large": 2}, in_channels=1, width=8)
    optimizer = optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(30):
        optimizer.zero_grad()
        net.loss(net(x), targets).backward()
        optimizer.step()
    assert evaluate_heads(net, [(x, targets)]) == {"digit": 1, "odd": 1, "large": 1}


class Known(nn.Module):
    """Gives what it is shown, as logits of two questions."""

    def forward(self, x):
        assert not self.training
        return {"a": x[:, :2], "b": x[:, 2:]}


def test_accuracy_of_each_head_over_batches():
    """Question a: 1 of 2 right, then 1 of 1; question b: all, then none."""
    one = tc.tensor([[1.0, 0, 0, 1], [1.0, 0, 0, 1]]), {"a": [0, 1], "b": [1, 1]}
    two = tc.tensor([[0.0, 1, 1, 0]]), {"a": np.array([1]), "b": tc.tensor([1])}
    net = Known()
    assert evaluate_heads(net, [one, two]) == {"a": pytest.approx(2 / 3), "b": pytest.approx(2 / 3)}
    assert net.training


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: models.MultiOutput(nn.Flatten(), 4, {}),
            ArgumentError,
            "MultiOutput: heads is empty; give each question and how many answers it has",
        ),
        (
            lambda: models.create("multi_output", heads={"side": 0}),
            ArgumentError,
            r"MultiOutput: heads\['side'\] is 0; it must be a whole number of at least 1",
        ),
        (
            lambda: models.create("multi_output").loss({"type": tc.zeros(1, 4)}, {}),
            ArgumentError,
            "WeightedLoss: outputs has no 'side'; it has 'type'",
        ),
        (
            lambda: models.create("multi_output").loss({}, {}, {"sides": 2}),
            UnknownNameError,
            "there is no loss 'sides'. Did you mean 'side'",
        ),
        (lambda: evaluate_heads(Known(), []), DataError, "evaluate_heads: the loader gives no batches"),
        (
            lambda: evaluate_heads(Known(), [(tc.zeros(1, 4), {"a": [0]})]),
            ArgumentError,
            "evaluate_heads: labels have no 'b'; they have 'a'",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
