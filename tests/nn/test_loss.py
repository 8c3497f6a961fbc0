"""Losses as modules: options beside PyTorch's, and one loss for several outputs."""

import copy
import math
from collections import namedtuple

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import nn
from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.nn import functional as F
from tinyconv.tensor import Tensor, grad

OPTIONS = {
    "CrossEntropyLoss": dict(weight=[0.5, 2.0, 1.0], ignore_index=1, label_smoothing=0.25),
    "NLLLoss": dict(weight=[0.5, 2.0, 1.0], ignore_index=1),
    "MultiMarginLoss": dict(p=2, margin=0.5, weight=[0.5, 2.0, 1.0]),
    "BCEWithLogitsLoss": dict(weight=[0.5, 2.0, 1.0], pos_weight=[4.0, 0.5, 1.0]),
    "SmoothL1Loss": dict(beta=0.3),
    "HuberLoss": dict(delta=0.3),
}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("name", "options"), OPTIONS.items(), ids=OPTIONS.keys())
def test_options_do_what_pytorchs_do(rng, name, options, reduction):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    x = rng.standard_normal((6, 3))
    labels = {"CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"}
    target = np.array([0, 1, 2, 2, 1, 0]) if name in labels else rng.random((6, 3))
    theirs = {key: torch.tensor(v).double() if isinstance(v, list) else v for key, v in options.items()}
    y = getattr(nn, name)(**options, reduction=reduction)(Tensor(x), Tensor(target))
    z = getattr(torch.nn, name)(**theirs, reduction=reduction)(torch.tensor(x), torch.tensor(target))
    np.testing.assert_allclose(y.numpy(), z.numpy(), rtol=1e-12)
    plain = getattr(nn, name)(reduction=reduction)(Tensor(x), Tensor(target))
    assert not np.allclose(y.numpy(), plain.numpy())


def test_weights_of_classes_are_saved_and_moved_with_the_module():
    loss = nn.CrossEntropyLoss([1.0, 3.0])
    assert loss.state_dict()["weight"].tolist() == [1, 3] and not list(loss.parameters())
    assert loss.double().weight.dtype == np.float64
    assert nn.CrossEntropyLoss().state_dict() == {}


def test_half_squared_error_loss():
    loss = nn.HalfSquaredErrorLoss()(Tensor(np.array([[1.0, 2.0], [0.0, 0.0]])), np.zeros((2, 2)))
    assert loss.item() == 5 / 2 / 2
    assert nn.HalfSquaredErrorLoss(reduction="sum")(Tensor(np.ones((3, 4))), np.zeros((3, 4))).item() == 6


# ---------------------------------------------------------------- WeightedLoss

Outputs = namedtuple("Outputs", ["logits", "aux2", "aux1"])


@pytest.fixture
def outputs(rng):
    return [Tensor(rng.standard_normal((4, 3)), requires_grad=True) for _ in range(3)]


def googlenet():
    """GoogLeNet's: the classifiers on the side count 0.3."""
    losses = {name: nn.CrossEntropyLoss() for name in Outputs._fields}
    return nn.WeightedLoss(losses, {"aux1": 0.3, "aux2": 0.3})


def nll(x, labels):
    """The mean cross entropy, by its formula."""
    e = np.exp(x.data)
    return -np.log((e / e.sum(1, keepdims=True))[np.arange(len(labels)), labels]).mean()


@pytest.mark.parametrize("kind", ["named tuple", "dict", "tuple", "list"])
def test_auxiliary_classifiers(outputs, kind):
    labels = np.array([0, 2, 1, 1])
    form = {"named tuple": lambda a: Outputs(*a), "dict": lambda a: Outputs(*a)._asdict(), "tuple": tuple, "list": list}
    loss_fn = googlenet()
    loss = loss_fn(form[kind](outputs), labels)
    parts = [nll(x, labels) for x in outputs]
    assert loss.item() == pytest.approx(parts[0] + 0.3 * parts[1] + 0.3 * parts[2], rel=1e-13)
    assert [part.item() for part in loss_fn.parts.values()] == pytest.approx(parts)
    assert list(loss_fn.parts) == ["logits", "aux2", "aux1"]
    assert not any(part.requires_grad for part in loss_fn.parts.values())
    own = [grad(F.cross_entropy(x, labels), x)[0] for x in outputs]
    for dx, dx0, w in zip(grad(loss, outputs), own, (1, 0.3, 0.3), strict=True):
        np.testing.assert_allclose(dx.data, w * dx0.data, rtol=1e-12)


def test_one_output_alone_is_the_first_losses(outputs):
    """In evaluation GoogLeNet gives nothing but its logits."""
    labels, loss_fn = np.array([0, 2, 1, 1]), googlenet()
    loss_fn(Outputs(*outputs), labels)
    assert loss_fn(outputs[0], labels).item() == pytest.approx(nll(outputs[0], labels))
    assert list(loss_fn.parts) == ["logits"]
    assert loss_fn(outputs[0], {"logits": labels}).item() == pytest.approx(nll(outputs[0], labels))


def test_each_output_with_its_own_target(rng):
    """A vehicle's type and side, and whether it is dark: different losses, of different outputs."""
    kind, dark = Tensor(rng.standard_normal((4, 3))), Tensor(rng.standard_normal((4, 1)))
    kinds, darkness = np.array([0, 2, 1, 1]), np.array([[0.0], [1.0], [1.0], [0.0]])
    loss_fn = nn.WeightedLoss({"type": nn.CrossEntropyLoss(), "dark": F.binary_cross_entropy_with_logits}, {"dark": 2})
    p = 1 / (1 + np.exp(-dark.data))
    second = -np.log(np.where(darkness == 1, p, 1 - p)).mean()
    expected = pytest.approx(nll(kind, kinds) + 2 * second, rel=1e-12)
    assert loss_fn({"dark": dark, "type": kind}, {"type": kinds, "dark": darkness}).item() == expected
    assert loss_fn((kind, dark), (kinds, darkness)).item() == expected
    listed = nn.WeightedLoss([nn.CrossEntropyLoss(), nn.BCEWithLogitsLoss()], [1, 2])
    assert listed([kind, dark], [kinds, darkness]).item() == expected
    assert list(listed.parts) == ["0", "1"]


def test_its_losses_belong_to_it():
    loss_fn = nn.WeightedLoss({"a": nn.CrossEntropyLoss([1.0, 2.0]), "b": F.mse_loss})
    assert list(loss_fn.state_dict()) == ["loss_a.weight"]
    twin = copy.deepcopy(loss_fn).double()
    assert twin.losses["a"].weight.dtype == np.float64 and loss_fn.losses["a"].weight.dtype == np.float32
    assert "weights={'a': 1.0, 'b': 1.0}" in repr(loss_fn)


def test_an_error_names_the_loss_it_happened_in(outputs):
    with pytest.raises(tc.errors.ArgumentError, match=r"^cross_entropy \(loss_logits\): target\[0\] is 7"):
        googlenet()(Outputs(*outputs), np.array([7, 0, 0, 0]))


CE = nn.CrossEntropyLoss()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.WeightedLoss({}), ArgumentError, "losses is empty; it needs a loss for each output"),
        (lambda: nn.WeightedLoss({"a": 3}), ArgumentError, "the loss of 'a' is 3; it must be a module or a function"),
        (lambda: nn.WeightedLoss({"a": CE}, {"b": 1}), UnknownNameError, "there is no loss 'b'. Known: a"),
        (lambda: nn.WeightedLoss([CE], [1, 2]), UnknownNameError, "there is no loss '1'. Known: 0"),
        (lambda: nn.WeightedLoss([CE], [-1]), ArgumentError, "the weight of '0' is -1; it must be a finite number of"),
        (lambda: nn.WeightedLoss([CE], [math.nan]), ArgumentError, "the weight of '0' is nan; it must be a finite"),
        (lambda: nn.WeightedLoss({"a.b": CE}), ArgumentError, "'loss_a.b' cannot name a part"),
    ],
)
def test_losses_that_make_no_sense_are_refused(make, error, message):
    with pytest.raises(error, match=f"^WeightedLoss: {message}"):
        make()


X, T = Tensor(np.zeros((1, 2))), np.array([0])


@pytest.mark.parametrize(
    ("outputs", "targets", "error", "message"),
    [
        ({"a": X}, T, ArgumentError, "outputs has no 'b'; it has 'a'"),
        ({"a": X, "c": X}, T, UnknownNameError, "there is no loss 'c'. .*Known: a, b"),
        ((X,), T, ArgumentError, "outputs has 1 entries for 2 losses"),
        (3, T, ArgumentError, "outputs is int; it must be a dict, a tuple or a list, or one tensor"),
        ((X, X), {"a": T}, ArgumentError, "targets has no 'b'; it has 'a'"),
        ((X, X), (T, T, T), ArgumentError, "targets has 3 entries for 2 losses"),
    ],
)
def test_outputs_and_targets_that_do_not_fit_are_refused(outputs, targets, error, message):
    with pytest.raises(error, match=f"^WeightedLoss: {message}"):
        nn.WeightedLoss({"a": CE, "b": CE})(outputs, targets)
