"""Layers: what each computes, beside its PyTorch twin; arguments, names of weights, and reprs."""

import inspect

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import nn
from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError
from tinyconv.tensor import Tensor, grad

LAYERS = {  # class name -> (arguments, shape of the input); the same in PyTorch
    "Conv2d": [
        (dict(in_channels=3, out_channels=4, kernel_size=3), (2, 3, 6, 7)),
        (
            dict(in_channels=4, out_channels=6, kernel_size=(2, 3), stride=(2, 1), padding=(1, 0), groups=2),
            (2, 4, 5, 6),
        ),
        (
            dict(in_channels=2, out_channels=2, kernel_size=3, padding="same", dilation=2, bias=False),
            (1, 2, 5, 5),
        ),
    ],
    "Linear": [
        (dict(in_features=5, out_features=3), (4, 5)),
        (dict(in_features=5, out_features=3, bias=False), (2, 4, 5)),
    ],
    "BatchNorm2d": [
        (dict(num_features=3), (4, 3, 2, 5)),
        (dict(num_features=3, eps=0.1, momentum=0.3), (4, 3, 2, 5)),
        (dict(num_features=3, momentum=None), (4, 3, 2, 5)),
        (dict(num_features=3, affine=False), (4, 3, 2, 5)),
        (dict(num_features=3, track_running_stats=False), (4, 3, 2, 5)),
    ],
    "MaxPool2d": [
        (dict(kernel_size=2), (2, 3, 5, 6)),
        (dict(kernel_size=3, stride=2, padding=1), (2, 3, 5, 6)),
    ],
    "AvgPool2d": [
        (dict(kernel_size=2), (2, 3, 5, 6)),
        (dict(kernel_size=3, stride=1, padding=1, count_include_pad=False), (2, 3, 5, 6)),
    ],
    "Dropout": [(dict(p=0.0), (3, 4))],
    "ReLU": [({}, (3, 4))],
    "LeakyReLU": [({}, (3, 4)), (dict(negative_slope=0.2), (3, 4))],
    "Tanh": [({}, (3, 4))],
    "Sigmoid": [({}, (3, 4))],
    "Softmax": [(dict(dim=1), (3, 4, 2))],
    "LogSoftmax": [(dict(dim=-1), (3, 4, 2))],
    "Flatten": [({}, (3, 4, 2)), (dict(start_dim=0, end_dim=1), (3, 4, 2))],
}
LOSSES = ("CrossEntropyLoss", "MSELoss", "NLLLoss")
CASES = [
    pytest.param(name, options, shape, id=f"{name}-{i}")
    for name, cases in LAYERS.items()
    for i, (options, shape) in enumerate(cases)
]


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")


def twins(torch, name, options):
    """The same layer in both, with the same weights, in float64."""
    ours, theirs = getattr(nn, name)(**options).double(), getattr(torch.nn, name)(**options).double()
    with torch.no_grad():
        for p in theirs.parameters():
            p.copy_(torch.randn(p.shape, generator=torch.Generator().manual_seed(1), dtype=p.dtype))
    ours.load_state_dict({path: x.numpy() for path, x in theirs.state_dict().items()})
    return ours, theirs


def assert_same_state(ours, theirs):
    state = {path: x.numpy() for path, x in theirs.state_dict().items()}
    assert list(ours.state_dict()) == list(state)
    for path, x in ours.state_dict().items():
        assert x.shape == state[path].shape
        np.testing.assert_allclose(x.numpy(), state[path], rtol=1e-12, err_msg=path)


def test_every_layer_is_tested():
    layers = {name for name in nn.__all__ if name not in ("Module", "Parameter", "Residual", "Sequential")}
    assert layers == {*LAYERS, *LOSSES}


# ---------------------------------------------------------------- beside PyTorch


@pytest.mark.parametrize(("name", "options", "shape"), CASES)
def test_a_layer_equals_its_twin(rng, torch, name, options, shape):
    ours, theirs = twins(torch, name, options)
    for training in (True, True, True, False):  # batch norm has a memory
        ours.train(training), theirs.train(training)
        array, dy = rng.standard_normal(shape), None
        x, t = Tensor(array, requires_grad=True), torch.tensor(array, requires_grad=True)
        y, z = ours(x), theirs(t)
        np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-10, atol=1e-12)
        dy = rng.standard_normal(y.shape)
        dxs = grad(y, [x, *ours.parameters()], Tensor(dy))
        dts = torch.autograd.grad(z, [t, *theirs.parameters()], torch.tensor(dy))
        for dx, dt in zip(dxs, dts, strict=True):
            np.testing.assert_allclose(dx.numpy(), dt.numpy(), rtol=1e-9, atol=1e-11)
        assert_same_state(ours, theirs)


@pytest.mark.parametrize(("name", "options", "shape"), CASES)
def test_weights_have_the_names_and_shapes_that_pytorch_gives_them(torch, name, options, shape):
    ours, theirs = getattr(nn, name)(**options), getattr(torch.nn, name)(**options)
    state = {path: torch.tensor(x.numpy()) for path, x in ours.state_dict().items()}
    theirs.load_state_dict(state)  # refuses any difference
    assert [x.numpy().dtype for x in theirs.state_dict().values()] == [x.dtype for x in ours.state_dict().values()]
    assert_same_state(ours, theirs)


@pytest.mark.parametrize("name", [*LAYERS, *LOSSES])
def test_arguments_have_pytorchs_names_order_and_defaults(torch, name):
    def arguments(layer):
        return {p.name: p for p in inspect.signature(layer).parameters.values() if p.kind.name != "VAR_KEYWORD"}

    ours, theirs = arguments(getattr(nn, name)), arguments(getattr(torch.nn, name))
    positional = [p.name for p in ours.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert positional == list(theirs)[: len(positional)]  # what we leave out stands at the end, or is named
    for argument in ours:
        if (name, argument) not in {("Softmax", "dim"), ("LogSoftmax", "dim")}:  # there None, with a warning
            assert ours[argument].default == theirs[argument].default, argument


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_equal_their_twins(rng, torch, name, reduction):
    x = rng.standard_normal((5, 3))
    target = rng.standard_normal((5, 3)) if name == "MSELoss" else rng.integers(0, 3, 5)
    ours = getattr(nn, name)(reduction=reduction)(Tensor(x), Tensor(target))
    theirs = getattr(torch.nn, name)(reduction=reduction)(torch.tensor(x), torch.tensor(target))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-12)


@pytest.mark.parametrize("layer", ["Conv2d", "Linear"])
def test_new_weights_are_drawn_as_in_pytorch(torch, layer):
    """U(-b, b) with b = 1/sqrt(fan_in): bounds that are nearly reached, and the mean square b^2/3."""
    arguments = (16, 400, 5) if layer == "Conv2d" else (400, 300)
    bound = 1 / 20  # fan_in 16*5*5 = 400
    for ours in getattr(nn, layer)(*arguments).parameters():
        x = ours.detach().numpy()
        assert np.abs(x).max() <= bound
        assert np.abs(x).max() > bound * (1 - 20 / x.size)
        assert (x * x).mean() == pytest.approx(bound**2 / 3, rel=5 / np.sqrt(x.size))
    theirs = [p.detach().numpy() for p in getattr(torch.nn, layer)(*arguments).parameters()]
    assert [np.abs(p).max() <= bound for p in theirs] == [True, True]


# ---------------------------------------------------------------- by hand


def test_batch_norm_by_hand():
    """Channel 0 holds 1 and 3 (mean 2, variance 1), channel 1 holds 0 and 4 (mean 2, variance 4)."""
    norm = nn.BatchNorm2d(2, eps=0.0)
    x = tc.tensor([[[[1.0, 3.0]], [[0.0, 4.0]]]])
    assert norm(x).tolist() == [[[[-1, 1]], [[-1, 1]]]]
    np.testing.assert_allclose(norm.running_mean.numpy(), [0.2, 0.2], rtol=1e-6)
    np.testing.assert_allclose(norm.running_var.numpy(), [0.9 + 0.1 * 2, 0.9 + 0.1 * 8], rtol=1e-6)  # var: 1/(n-1)
    assert norm.num_batches_tracked.item() == 1
    norm.eval()
    before, norm.weight, norm.bias = norm.state_dict()["running_mean"].tolist(), None, None
    np.testing.assert_allclose(norm(x).numpy()[0, 0, 0], (np.array([1, 3]) - 0.2) / np.sqrt(1.1), rtol=1e-6)
    assert norm.state_dict()["running_mean"].tolist() == before
    assert norm.num_batches_tracked.item() == 1


def test_dropout_drops_in_training_only():
    tc.manual_seed(0)
    drop = nn.Dropout(0.25)
    y = drop(tc.ones(100, 100)).numpy()
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)}
    assert (y == 0).mean() == pytest.approx(0.25, abs=0.02)
    x = tc.ones(3)
    assert drop.eval()(x).tolist() == [1, 1, 1]


def test_the_strides_of_a_layer_can_be_changed_as_in_pytorch():
    conv, pool = nn.Conv2d(1, 1, 3, stride=2), nn.MaxPool2d(2)
    x = tc.ones(1, 1, 9, 9)
    assert (conv(x).shape, pool(x).shape) == ((1, 1, 4, 4), (1, 1, 4, 4))
    conv.stride, conv.dilation, pool.stride = (1, 1), (2, 2), 1
    assert (conv(x).shape, pool(x).shape) == ((1, 1, 5, 5), (1, 1, 8, 8))


def test_the_same_seed_gives_the_same_weights():
    tc.manual_seed(3)
    a = nn.Conv2d(2, 3, 3)
    tc.manual_seed(3)
    b = nn.Conv2d(2, 3, 3)
    assert a.weight.tolist() == b.weight.tolist() and a.bias.tolist() == b.bias.tolist()
    b.reset_parameters()
    assert a.weight.tolist() != b.weight.tolist() and a.bias.tolist() != b.bias.tolist()


# ---------------------------------------------------------------- reprs and errors


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Conv2d(1, 6, 5, padding=2), "Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))"),
        (
            nn.Conv2d(4, 8, (1, 3), 2, ((0, 0), (1, 0)), 2, groups=2, bias=False),
            "Conv2d(4, 8, kernel_size=(1, 3), stride=(2, 2), padding=((0, 0), (1, 0)), dilation=(2, 2), "
            "groups=2, bias=False)",
        ),
        (nn.Linear(3, 2), "Linear(in_features=3, out_features=2)"),
        (nn.Linear(3, 2, bias=False), "Linear(in_features=3, out_features=2, bias=False)"),
        (nn.BatchNorm2d(3), "BatchNorm2d(3, eps=1e-05, momentum=0.1)"),
        (
            nn.BatchNorm2d(3, affine=False, track_running_stats=False),
            "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False)",
        ),
        (nn.MaxPool2d(2), "MaxPool2d(kernel_size=2, stride=2, padding=0)"),
        (nn.MaxPool2d(3, 2, 1, 2), "MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=2)"),
        (nn.AvgPool2d(2), "AvgPool2d(kernel_size=2, stride=2, padding=0)"),
        (
            nn.AvgPool2d(3, 2, 1, count_include_pad=False),
            "AvgPool2d(kernel_size=3, stride=2, padding=1, count_include_pad=False)",
        ),
        (nn.Dropout(), "Dropout(p=0.5)"),
        (nn.LeakyReLU(), "LeakyReLU(negative_slope=0.01)"),
        (nn.Softmax(), "Softmax(dim=-1)"),
        (nn.LogSoftmax(1), "LogSoftmax(dim=1)"),
        (nn.Flatten(), "Flatten(start_dim=1, end_dim=-1)"),
        (nn.CrossEntropyLoss(), "CrossEntropyLoss(reduction='mean')"),
        (nn.ReLU(), "ReLU()"),
    ],
)
def test_repr(layer, text):
    assert repr(layer) == text


REFUSED = [
    (lambda: nn.Conv2d(0, 1, 3), "Conv2d: in_channels is 0; it must be a whole number of at least 1"),
    (lambda: nn.Conv2d(1, 1.5, 3), "Conv2d: out_channels is 1.5; it must be a whole number of at least 1"),
    (lambda: nn.Conv2d(3, 4, 3, groups=2), "Conv2d: in_channels is 3; it must be a multiple of groups=2"),
    (lambda: nn.Conv2d(4, 3, 3, groups=2), "Conv2d: out_channels is 3; it must be a multiple of groups=2"),
    (lambda: nn.Conv2d(1, 1, 0), "Conv2d: kernel_size is 0; it must be"),
    (lambda: nn.Conv2d(1, 1, 3, stride=2, padding="same"), "Conv2d: padding='same' needs stride 1"),
    (lambda: nn.Conv2d(1, 1, 3, padding="smae"), "Conv2d: padding is 'smae'; use a number"),
    (lambda: nn.Linear(0, 1), "Linear: in_features is 0; it must be a whole number of at least 1"),
    (lambda: nn.Linear(1, "2"), "Linear: out_features is '2'; it must be a whole number of at least 1"),
    (lambda: nn.BatchNorm2d(0), "BatchNorm2d: num_features is 0; it must be a whole number of at least 1"),
    (lambda: nn.BatchNorm2d(1, eps=-1), "BatchNorm2d: eps is -1; it must be at least 0"),
    (
        lambda: nn.BatchNorm2d(1, momentum=2),
        "BatchNorm2d: momentum is 2; it must lie between 0 and 1, or be None",
    ),
    (lambda: nn.Dropout(1.5), "Dropout: p is 1.5; a probability lies between 0 and 1"),
    (lambda: nn.MaxPool2d(0), "MaxPool2d: kernel_size is 0; it must be"),
    (lambda: nn.AvgPool2d(2, stride=0), "AvgPool2d: stride is 0; it must be"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_arguments_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ArgumentError, match=f"^{message}"):
        make()


def test_an_unknown_reduction_is_refused():
    message = "^CrossEntropyLoss: there is no reduction 'maen'. Did you mean 'mean'"
    with pytest.raises(UnknownNameError, match=message):
        nn.CrossEntropyLoss(reduction="maen")


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (nn.BatchNorm2d(3), (2, 3), r"^BatchNorm2d: input has shape \(2, 3\); it must be \(N, 3, H, W\)"),
        (nn.BatchNorm2d(3), (2, 4, 1, 1), "^batch_norm: input .* has 4 channels"),
        (nn.Linear(3, 1), (2, 4), "^linear: input .* has 4 features"),
        (nn.MaxPool2d(3), (1, 1, 2, 2), "^max_pool2d: a 3x3 window"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(layer, shape, message):
    with pytest.raises(ShapeError, match=message):
        layer(tc.ones(shape))


def test_functional_offers_what_it_lists():
    for name in nn.functional.__all__:
        assert callable(getattr(nn.functional, name)), name
