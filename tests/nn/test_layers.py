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
        (dict(in_channels=2, out_channels=3, kernel_size=3, padding=(2, 1), padding_mode="reflect"), (2, 2, 4, 5)),
        (
            dict(in_channels=2, out_channels=3, kernel_size=3, stride=2, padding=1, padding_mode="circular"),
            (2, 2, 4, 5),
        ),
        (dict(in_channels=2, out_channels=3, kernel_size=3, padding="same", padding_mode="replicate"), (2, 2, 4, 5)),
    ],
    "Conv1d": [
        (dict(in_channels=3, out_channels=4, kernel_size=3), (2, 3, 7)),
        (dict(in_channels=4, out_channels=6, kernel_size=(3,), stride=2, padding=(1,), groups=2), (2, 4, 8)),
        (dict(in_channels=2, out_channels=2, kernel_size=3, padding="same", dilation=2, bias=False), (1, 2, 6)),
        (dict(in_channels=2, out_channels=3, kernel_size=4, padding=2, padding_mode="circular"), (2, 2, 5)),
    ],
    "ConvTranspose2d": [
        (dict(in_channels=3, out_channels=4, kernel_size=3), (2, 3, 4, 5)),
        (dict(in_channels=4, out_channels=6, kernel_size=(2, 3), stride=2, padding=(0, 1), groups=2), (2, 4, 3, 4)),
        (
            dict(in_channels=2, out_channels=3, kernel_size=3, stride=2, output_padding=1, bias=False),
            (1, 2, 3, 3),
        ),
        (dict(in_channels=2, out_channels=3, kernel_size=2, dilation=(2, 3)), (1, 2, 3, 3)),
    ],
    "ConvTranspose1d": [
        (dict(in_channels=3, out_channels=4, kernel_size=3), (2, 3, 5)),
        (
            dict(in_channels=4, out_channels=2, kernel_size=4, stride=3, padding=1, output_padding=2, groups=2),
            (2, 4, 3),
        ),
    ],
    "Upsample": [
        (dict(scale_factor=2), (1, 2, 3, 4)),
        (dict(size=(5, 3), mode="bilinear"), (2, 1, 3, 4)),
        (dict(scale_factor=(1.5, 3), mode="bilinear", align_corners=True), (1, 2, 4, 2)),
    ],
    "ZeroPad2d": [(dict(padding=1), (1, 2, 3, 4)), (dict(padding=(1, 0, 2, 3)), (1, 2, 3, 4))],
    "ConstantPad2d": [(dict(padding=(1, 0, 2, 3), value=-1.5), (1, 2, 3, 4))],
    "ReflectionPad2d": [(dict(padding=(1, 0, 2, 1)), (1, 2, 3, 4))],
    "ReplicationPad2d": [(dict(padding=(1, 0, 2, 3)), (1, 2, 3, 4))],
    "CircularPad2d": [(dict(padding=(1, 0, 2, 3)), (1, 2, 3, 4))],
    "ChannelShuffle": [(dict(groups=3), (2, 6, 2, 3))],
    "PixelShuffle": [(dict(upscale_factor=2), (2, 8, 2, 3))],
    "Linear": [
        (dict(in_features=5, out_features=3), (4, 5)),
        (dict(in_features=5, out_features=3, bias=False), (2, 4, 5)),
    ],
    "BatchNorm1d": [
        (dict(num_features=3), (4, 3)),
        (dict(num_features=3, eps=0.1, momentum=0.3), (4, 3, 5)),
        (dict(num_features=3, momentum=None), (4, 3, 5)),
        (dict(num_features=3, affine=False), (4, 3)),
        (dict(num_features=3, track_running_stats=False), (4, 3)),
    ],
    "BatchNorm2d": [
        (dict(num_features=3), (4, 3, 2, 5)),
        (dict(num_features=3, eps=0.1, momentum=0.3), (4, 3, 2, 5)),
        (dict(num_features=3, momentum=None), (4, 3, 2, 5)),
        (dict(num_features=3, affine=False), (4, 3, 2, 5)),
        (dict(num_features=3, track_running_stats=False), (4, 3, 2, 5)),
    ],
    "LayerNorm": [
        (dict(normalized_shape=5), (2, 3, 5)),
        (dict(normalized_shape=(3, 5), eps=0.1, bias=False), (2, 3, 5)),
        (dict(normalized_shape=[5], elementwise_affine=False), (2, 5)),
    ],
    "GroupNorm": [
        (dict(num_groups=2, num_channels=4), (3, 4, 2, 5)),
        (dict(num_groups=4, num_channels=4, eps=0.1, affine=False), (3, 4, 5)),
    ],
    "InstanceNorm2d": [
        (dict(num_features=3), (4, 3, 2, 5)),
        (dict(num_features=3, eps=0.1, momentum=0.3, affine=True, track_running_stats=True), (4, 3, 2, 5)),
    ],
    "LocalResponseNorm": [
        (dict(size=5), (2, 7, 3, 2)),
        (dict(size=2, alpha=0.7, beta=0.6, k=2.0), (2, 7, 3)),
    ],
    "MaxPool2d": [
        (dict(kernel_size=2), (2, 3, 5, 6)),
        (dict(kernel_size=3, stride=2, padding=1), (2, 3, 5, 6)),
        (dict(kernel_size=2, ceil_mode=True), (2, 3, 5, 7)),
    ],
    "MaxPool1d": [(dict(kernel_size=2), (2, 3, 5)), (dict(kernel_size=3, padding=1, ceil_mode=True), (2, 3, 5))],
    "AdaptiveMaxPool2d": [(dict(output_size=3), (2, 3, 5, 7)), (dict(output_size=(None, 2)), (2, 3, 5, 6))],
    "AdaptiveMaxPool1d": [(dict(output_size=3), (2, 3, 7))],
    "AvgPool2d": [
        (dict(kernel_size=2), (2, 3, 5, 6)),
        (dict(kernel_size=3, stride=1, padding=1, count_include_pad=False), (2, 3, 5, 6)),
        (dict(kernel_size=3, stride=3, padding=1, ceil_mode=True), (2, 3, 5, 6)),
        (dict(kernel_size=2, divisor_override=3), (2, 3, 5, 6)),
    ],
    "AvgPool1d": [(dict(kernel_size=2), (2, 3, 5)), (dict(kernel_size=3, padding=1, ceil_mode=True), (2, 3, 5))],
    "AdaptiveAvgPool2d": [(dict(output_size=3), (2, 3, 5, 7)), (dict(output_size=(None, 2)), (2, 3, 5, 6))],
    "AdaptiveAvgPool1d": [(dict(output_size=3), (2, 3, 7))],
    "Dropout": [(dict(p=0.0), (3, 4))],
    "Dropout2d": [(dict(p=0.0), (3, 4, 2, 2)), (dict(p=1.0), (3, 4, 2, 2))],
    "Identity": [({}, (3, 4))],
    "ReLU": [({}, (3, 4))],
    "LeakyReLU": [({}, (3, 4)), (dict(negative_slope=0.2), (3, 4))],
    "ReLU6": [({}, (3, 4))],
    "PReLU": [({}, (3, 4)), (dict(num_parameters=4, init=0.1), (3, 4, 2))],
    "ELU": [({}, (3, 4)), (dict(alpha=0.5), (3, 4))],
    "GELU": [({}, (3, 4)), (dict(approximate="tanh"), (3, 4))],
    "SiLU": [({}, (3, 4))],
    "Softplus": [({}, (3, 4)), (dict(beta=2.0, threshold=1.0), (3, 4))],
    "Hardswish": [({}, (3, 4))],
    "Tanh": [({}, (3, 4))],
    "Sigmoid": [({}, (3, 4))],
    "Softmax": [(dict(dim=1), (3, 4, 2))],
    "LogSoftmax": [(dict(dim=-1), (3, 4, 2))],
    "Flatten": [({}, (3, 4, 2)), (dict(start_dim=0, end_dim=1), (3, 4, 2))],
}
# PyTorch has no scaled tanh, and in its hardsigmoid the slope is 1/6 in float32.
NO_TWINS = ("Hardsigmoid", "ScaledTanh", "DepthwiseSeparableConv2d", "Filter2d", "SqueezeExcitation")
# Global pooling and the like, and what takes more than one input, are in test_pool.py.
POOLING = ("GlobalAvgPool2d", "GlobalMaxPool2d", "SpatialPyramidPool2d", "Subsampling2d")
POOLING += ("MaxUnpool2d", "RoIAlign", "RoIPool")
CONTAINERS = ("Concat", "ModuleDict", "ModuleList", "Residual", "Sequential")
LOSSES = (
    *("BCEWithLogitsLoss", "CrossEntropyLoss", "HuberLoss", "L1Loss"),
    *("MSELoss", "MultiMarginLoss", "NLLLoss", "SmoothL1Loss"),
)
LOSSES_OF_OUR_OWN = ("HalfSquaredErrorLoss", "WeightedLoss")  # in test_loss.py
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
    layers = {name for name in nn.__all__ if name not in ("Module", "Parameter", "run", *CONTAINERS)}
    assert layers == {*LAYERS, *LOSSES, *LOSSES_OF_OUR_OWN, *NO_TWINS, *POOLING}


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
    of_labels = name in ("CrossEntropyLoss", "MultiMarginLoss", "NLLLoss")
    target = rng.integers(0, 3, 5) if of_labels else rng.random((5, 3))
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


def test_the_other_convention_of_momentum_by_hand():
    """A batch of mean 2, decay 3/4: 3/4 0 + 1/4 2 = 1/2, then 3/4 1/2 + 1/4 2 = 7/8."""
    norm = nn.BatchNorm1d.with_decay(1, 0.75, eps=0.1, affine=False)
    assert (norm.momentum, norm.eps, norm.weight) == (0.25, 0.1, None)
    for expected in (1 / 2, 7 / 8):
        norm(tc.tensor([[1.0], [3.0]]))
        assert norm.running_mean.item() == expected


@pytest.mark.parametrize("track", [True, False])
@pytest.mark.parametrize("name", ["BatchNorm1d", "BatchNorm2d", "InstanceNorm2d"])
def test_evaluation_has_gradients_of_gradients(rng, name, track):
    norm = getattr(nn, name)(3, affine=True, track_running_stats=track).double()
    x = Tensor(rng.standard_normal((4, 3, 2, 2) if "2d" in name else (4, 3)), requires_grad=True)
    norm(x)
    norm.eval()
    tc.gradcheck(norm, [x], order=2)


@pytest.mark.parametrize("momentum", [0.1, 1.0, 0.0, None])
@pytest.mark.parametrize(
    ("name", "shape"), [("BatchNorm1d", (5, 3)), ("BatchNorm1d", (2, 3, 4)), ("BatchNorm2d", (4, 3, 2, 5))]
)
def test_running_statistics_over_many_steps_are_pytorchs(rng, torch, name, shape, momentum):
    ours, theirs = twins(torch, name, dict(num_features=3, momentum=momentum))
    for _ in range(12):
        x = 3 + 2 * rng.standard_normal(shape)
        ours(Tensor(x)), theirs(torch.tensor(x))
    assert_same_state(ours, theirs)  # to 1e-12


def test_layers_without_a_twin():
    x = tc.tensor([-4.0, -1.0, 0.0, 3.0])
    np.testing.assert_allclose(nn.Hardsigmoid()(x).numpy(), [0, 1 / 3, 1 / 2, 1], rtol=1e-6)
    np.testing.assert_allclose(nn.ScaledTanh()(x).numpy(), 1.7159 * np.tanh(2 * x.numpy() / 3), rtol=1e-6)


def test_dropout2d_drops_whole_channels_in_training_only():
    drop, x = nn.Dropout2d(0.25), tc.ones(100, 100, 2, 3)
    y = drop(x).numpy()
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)}
    assert (y == y[:, :, :1, :1]).all()
    assert (y[:, :, 0, 0] == 0).mean() == pytest.approx(0.25, abs=0.02)
    assert drop.eval()(x) is x


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
        (
            nn.CrossEntropyLoss([1, 2]),
            "CrossEntropyLoss(weight=(2,), ignore_index=-100, label_smoothing=0.0, reduction='mean')",
        ),
        (nn.ReLU(), "ReLU()"),
        (nn.BatchNorm1d(3, momentum=None), "BatchNorm1d(3, eps=1e-05, momentum=None)"),
        (nn.BatchNorm2d.with_decay(3, 0.99, eps=0.001), "BatchNorm2d(3, eps=0.001, momentum=0.01)"),
        (nn.LayerNorm(3, bias=False), "LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=False)"),
        (nn.LayerNorm((2, 3), elementwise_affine=False), "LayerNorm((2, 3), eps=1e-05, elementwise_affine=False)"),
        (nn.GroupNorm(2, 4), "GroupNorm(2, 4, eps=1e-05, affine=True)"),
        (
            nn.InstanceNorm2d(3),
            "InstanceNorm2d(3, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False)",
        ),
        (nn.LocalResponseNorm(5, 5e-4, k=2), "LocalResponseNorm(5, alpha=0.0005, beta=0.75, k=2.0)"),
        (nn.Dropout2d(0.2), "Dropout2d(p=0.2)"),
        (nn.PReLU(3), "PReLU(num_parameters=3)"),
        (nn.ELU(0.5), "ELU(alpha=0.5)"),
        (nn.GELU("tanh"), "GELU(approximate='tanh')"),
        (nn.Softplus(), "Softplus(beta=1.0, threshold=20.0)"),
        (nn.Identity(3, what="ever"), "Identity()"),
    ],
)
def test_repr(layer, text):
    assert repr(layer) == text


NAN = float("nan")
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
    (lambda: nn.BatchNorm2d(1, eps=-1), "BatchNorm2d: eps is -1; it must be a finite number of at least 0"),
    (lambda: nn.BatchNorm2d(1, eps=NAN), "BatchNorm2d: eps is nan; it must be a finite number of at least 0"),
    (lambda: nn.BatchNorm2d(1, momentum=NAN), "BatchNorm2d: momentum is nan; it must lie between 0 and 1, or be None"),
    (lambda: nn.BatchNorm1d(1, momentum="0.1"), "BatchNorm1d: momentum is '0.1'; it must lie between 0 and 1"),
    (
        lambda: nn.BatchNorm2d.with_decay(1, 1.1),
        r"BatchNorm2d.with_decay: decay is 1.1; it must be a finite number between 0 and 1",
    ),
    (lambda: nn.LayerNorm((3, 0)), "LayerNorm: normalized_shape is 0; it must be a whole number of at least 1"),
    (lambda: nn.LayerNorm(()), "LayerNorm: normalized_shape is empty; it must have the size of one axis at least"),
    (lambda: nn.LayerNorm(3, eps=-1), "LayerNorm: eps is -1; it must be a finite number of at least 0"),
    (lambda: nn.GroupNorm(4, 6), "GroupNorm: num_channels is 6; it must be a multiple of num_groups=4"),
    (lambda: nn.GroupNorm(0, 6), "GroupNorm: num_groups is 0; it must be a whole number of at least 1"),
    (lambda: nn.GroupNorm(1, 1, eps=NAN), "GroupNorm: eps is nan; it must be a finite number of at least 0"),
    (lambda: nn.InstanceNorm2d(0), "InstanceNorm2d: num_features is 0; it must be a whole number of at least 1"),
    (lambda: nn.InstanceNorm2d(1, momentum=2), "InstanceNorm2d: momentum is 2; it must be a finite number between 0"),
    (lambda: nn.InstanceNorm2d(1, eps=-1), "InstanceNorm2d: eps is -1; it must be a finite number of at least 0"),
    (lambda: nn.LocalResponseNorm(0), "LocalResponseNorm: size is 0; it must be a whole number of at least 1"),
    (lambda: nn.LocalResponseNorm(1, -1), "LocalResponseNorm: alpha is -1; it must be a finite number of at least 0"),
    (lambda: nn.LocalResponseNorm(1, beta=NAN), "LocalResponseNorm: beta is nan; it must be a finite number"),
    (lambda: nn.LocalResponseNorm(1, k=-1), "LocalResponseNorm: k is -1; it must be a finite number of at least 0"),
    (lambda: nn.LeakyReLU(NAN), "LeakyReLU: negative_slope is nan; it must be a finite number"),
    (lambda: nn.PReLU(0), "PReLU: num_parameters is 0; it must be a whole number of at least 1"),
    (lambda: nn.PReLU(init=NAN), "PReLU: init is nan; it must be a finite number"),
    (lambda: nn.ELU(-1), "ELU: alpha is -1; it must be a finite number of at least 0"),
    (lambda: nn.Softplus(0), "Softplus: beta is 0; it must be above 0"),
    (lambda: nn.Softplus(1, NAN), "Softplus: threshold is nan; it must be a finite number"),
    (lambda: nn.Dropout2d(NAN), "Dropout2d: p is nan; a probability lies between 0 and 1"),
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


def test_an_unknown_approximation_is_refused():
    with pytest.raises(UnknownNameError, match="^GELU: there is no approximation 'tan'. Did you mean 'tanh'"):
        nn.GELU("tan")


def test_an_unknown_reduction_is_refused():
    message = "^CrossEntropyLoss: there is no reduction 'maen'. Did you mean 'mean'"
    with pytest.raises(UnknownNameError, match=message):
        nn.CrossEntropyLoss(reduction="maen")


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (nn.BatchNorm2d(3), (2, 3), r"^BatchNorm2d: input has shape \(2, 3\); it must be \(N, 3, H, W\)"),
        (nn.BatchNorm2d(3), (2, 4, 1, 1), "^batch_norm: input .* has 4 channels"),
        (nn.BatchNorm1d(3), (2, 3, 4, 4), r"^BatchNorm1d: input has .*; it must be \(N, 3\) or \(N, 3, L\)"),
        (nn.BatchNorm1d(3), (2, 4), "^batch_norm: input .* has 4 channels"),
        (nn.LayerNorm((3, 4)), (2, 4), r"^layer_norm: input has shape \(2, 4\); its last axes must be"),
        (nn.GroupNorm(2, 4), (2, 6, 3), r"^GroupNorm: input has shape \(2, 6, 3\); it must be \(N, 4, ...\)"),
        (nn.InstanceNorm2d(3), (2, 3, 4), r"^InstanceNorm2d: input has .*; it must be \(N, 3, H, W\)"),
        (nn.InstanceNorm2d(3), (2, 3, 1, 1), "^instance_norm: input .* has 1 values a channel"),
        (nn.LocalResponseNorm(3), (2, 3), r"^local_response_norm: input has shape \(2, 3\)"),
        (nn.PReLU(3), (2, 4), r"^prelu: weight has shape \(3,\); .* it must be \(1,\) or \(4,\)"),
        (nn.Dropout2d(), (2, 3), r"^dropout2d: input has shape \(2, 3\)"),
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
