"""What is special about the nets from AlexNet to VGG, and the lecture decks."""

from importlib.util import find_spec
from math import comb, log

import numpy as np
import pytest

import tinyconv as tc
import tinyconv.nn.functional as F
from tinyconv import models, nn, optim
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.models import alexnet, caffenet
from tinyconv.models.lenet5_1998 import map_criterion
from zoo.learning import digits
from zoo.receipts import outputs_of, packages
from zoo.twins_classic import ALL_CNN

SHAPES = {  # from the papers' figures and tables, and the slides
    "alexnet": {
        "features.conv1": (96, 55, 55),
        "features.pool1": (96, 27, 27),
        "features.conv2": (256, 27, 27),
        "features.pool2": (256, 13, 13),
        "features.conv4": (384, 13, 13),
        "features.pool5": (256, 6, 6),
    },
    "alexnet_one_tower": {"features.0": (64, 55, 55), "features.5": (192, 13, 13), "features": (256, 6, 6)},
    "caffenet": {"features.norm1": (96, 27, 27), "features.norm2": (256, 13, 13), "features": (256, 6, 6)},
    "zfnet": {
        "features.conv1": (96, 110, 110),
        "features.pool1": (96, 55, 55),
        "features.conv2": (256, 26, 26),
        "features.pool2": (256, 13, 13),
        "features.pool5": (256, 6, 6),
    },
    "nin": {"pool1": (96, 16, 16), "pool2": (192, 8, 8), "relu_cccp6": (10, 8, 8)},
    "cnn_c": {"5": (96, 16, 16), "11": (192, 8, 8), "18": (10, 6, 6)},
    "all_cnn_c": {"5": (96, 16, 16), "6": (96, 16, 16), "12": (192, 8, 8), "19": (10, 6, 6)},
    "strided_cnn_b": {"1": (96, 32, 32), "3": (96, 16, 16), "8": (192, 8, 8), "15": (10, 6, 6)},
    "vgg16": {"features.4": (64, 112, 112), "features.9": (128, 56, 56), "features": (512, 7, 7)},
    "vgg16_c": {"features.14": (256, 56, 56), "features": (512, 7, 7)},
    "deck_demo": {"2": (32, 14, 14), "5": (64, 7, 7)},
    "deck_mnist": {"0": (32, 26, 26), "2": (32, 13, 13), "6": (64, 6, 6), "10": (128, 3, 3), "15": (512, 3, 3)},
    "deck_cifar": {"2": (64, 28, 28), "4": (64, 14, 14), "10": (128, 7, 7), "16": (256, 3, 3)},
    "deck_summary": {"0": (32, 26, 26), "3": (64, 11, 11), "6": (64, 3, 3)},
}


def bare(name, **options):
    """The net without its weights, which take long to draw."""
    with nn.init.skipped():
        return models.create(name, **options).eval()


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name):
    net = bare(name)
    with tc.no_grad(), outputs_of(net) as found:
        net(tc.zeros(0, *models.card(name).input))
    assert {path: found[path].shape[1:] for path in SHAPES[name]} == SHAPES[name]


# ---------------------------------------------------------------- AlexNet and its kin


@pytest.mark.parametrize("name", ["alexnet", "caffenet"])
@pytest.mark.parametrize(("layer", "half"), [("conv2", True), ("conv3", False), ("conv4", True), ("conv5", True)])
def test_what_was_on_one_gpu_does_not_see_the_other(name, layer, half):
    conv = getattr(bare(name).features, layer)
    conv.load_state_dict({path: np.ones(p.shape) for path, p in conv.state_dict().items()})
    x = tc.ones(1, conv.in_channels, 5, 5).requires_grad_()
    conv(x)[0, : conv.out_channels // 2].sum().backward()  # the filters of the first GPU
    first, second = np.split(x.grad.numpy()[0], 2)
    assert first.min() > 0
    assert bool(second.any()) is not half


@pytest.mark.parametrize(
    ("normalisation", "expected"),
    [
        (alexnet.normalisation, 100 / (2 + 1e-4 * 5 * 100**2) ** 0.75),  # alpha times the sum of five squares
        (caffenet.normalisation, 100 / (1 + 1e-4 / 5 * 5 * 100**2) ** 0.75),  # alpha times their mean
    ],
    ids=["alexnet", "caffenet"],
)
def test_normalisation_by_hand(normalisation, expected):
    y = normalisation()(tc.full((1, 9, 1, 1), 100.0))
    assert y.numpy()[0, 4, 0, 0] == pytest.approx(expected)


def test_caffenet_pools_before_it_normalises():
    def kinds(name):
        return [type(layer).__name__ for layer in bare(name).features][1:4]

    assert kinds("alexnet") == ["ReLU", "LocalResponseNorm", "MaxPool2d"]
    assert kinds("caffenet") == kinds("zfnet") == ["ReLU", "MaxPool2d", "LocalResponseNorm"]


TORCHVISION = {"alexnet_one_tower": "alexnet"} | {
    f"vgg{d}{bn}": f"vgg{d}{bn}" for d in (11, 13, 16, 19) for bn in ("", "_bn")
}


@pytest.mark.long  # torchvision takes seconds to load
@pytest.mark.parametrize("name", TORCHVISION)
def test_weights_of_torchvision_fit(name):
    missing = [package for package in ("torch", "torchvision", "timm") if find_spec(package) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} is not installed")
    import torch

    packages()
    import torchvision.models

    with torch.device("meta"):  # shapes without numbers
        theirs = getattr(torchvision.models, TORCHVISION[name])(weights=None).state_dict()
    shapes = {path: tuple(t.shape) for path, t in theirs.items()}
    assert {path: t.shape for path, t in bare(name).state_dict().items()} == shapes


# ---------------------------------------------------------------- VGG, All-CNN, NIN


@pytest.mark.parametrize(
    ("name", "layers", "ones"),
    [("vgg11", 11, 0), ("vgg11_lrn", 11, 0), ("vgg13", 13, 0), ("vgg16_c", 16, 3), ("vgg16", 16, 0), ("vgg19", 19, 0)],
)
@pytest.mark.parametrize("bn", ["", "_bn"])
def test_vgg_has_the_weight_layers_of_table_1(name, layers, ones, bn):
    net = bare(name + bn)
    convolutions = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) + sum(isinstance(m, nn.Linear) for m in net.modules()) == layers
    assert sum(m.kernel_size == (1, 1) for m in convolutions) == ones
    assert sum(isinstance(m, nn.LocalResponseNorm) for m in net.modules()) == ("lrn" in name)
    assert sum(isinstance(m, nn.BatchNorm2d) for m in net.modules()) == (len(convolutions) if bn else 0)


@pytest.mark.parametrize("name", ALL_CNN)
def test_all_cnn_pools_or_strides(name):
    layers = list(bare(name))
    pools = sum(isinstance(m, nn.MaxPool2d) for m in layers)
    strides = [m.kernel_size[0] for m in layers if isinstance(m, nn.Conv2d) and m.stride == (2, 2)]
    before = {"a": 5, "b": 1, "c": 3}[name[-1]]  # the convolution before the pooling, of the model itself
    expected = {"strided": [before] * 2, "all": [3, 3]}.get(name.split("_")[0], [])
    assert (pools, strides) == (0 if expected else 2, expected)
    assert [m.p for m in layers if isinstance(m, nn.Dropout)] == [0.2, 0.5, 0.5]  # of the input, then of each third


@pytest.mark.parametrize("name", ["nin", "all_cnn_c"])
def test_logits_are_means_over_the_picture(name):
    net = models.create(name, num_classes=4).eval()
    with tc.no_grad(), outputs_of(net) as found:
        y = net(tc.randn(2, 3, 24, 40)).numpy()  # a size that it was not made for
    maps = list(found.values())[-2]
    assert maps.shape[1] == 4
    np.testing.assert_allclose(y, maps.mean((2, 3)), rtol=1e-5, atol=1e-7)


# ---------------------------------------------------------------- decks


def test_deck_summary_has_the_parameters_of_the_slide():
    layers = [sum(p.numel() for p in layer.parameters()) for layer in bare("deck_summary")]
    assert [count for count in layers if count] == [320, 18_496, 36_928, 36_928, 650]


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("deck_demo", [0.5, 0.5]),
        ("deck_mnist", [0.20, 0.25, 0.30, 0.40, 0.50, 0.35, 0.25]),
        ("deck_cifar", [0.25, 0.25, 0.35, 0.35, 0.25]),
        ("deck_summary", []),
    ],
)
def test_dropout_as_on_the_slides(name, rates):
    assert [layer.p for layer in bare(name) if isinstance(layer, nn.Dropout)] == rates


def test_dropout_after_the_last_layer_keeps_the_loss_up():
    """Even of perfect logits: half the time the right one is dropped, and then equal to the K others that are."""
    floor = sum(comb(9, K) * log(1 + K) for K in range(10)) / 2**9 / 2
    last = models.create("deck_demo")[-1]
    logits = np.full((20_000, 10), -50.0)
    logits[:, 3] = 50
    loss = F.cross_entropy(last(tc.tensor(logits)), tc.tensor(np.full(20_000, 3))).item()
    assert loss == pytest.approx(floor, abs=0.05)
    assert floor > 0.8  # as the docstring says
    cured = models.create("deck_demo", last_dropout=0.0)[-1]
    assert np.array_equal(cured(tc.tensor(logits)).numpy(), logits)


# ---------------------------------------------------------------- options and errors


@pytest.mark.parametrize("name", ["alexnet", "alexnet_one_tower", "caffenet", "zfnet", "vgg11", "vgg16_c_bn"])
def test_options_of_nets_with_dense_layers(name):
    net = bare(name, num_classes=7, in_channels=2, hidden=9, dropout=0.125)
    dense = [m for m in net.modules() if isinstance(m, nn.Linear)]
    assert [m.out_features for m in dense] == [9, 9, 7]
    assert next(m for m in net.modules() if isinstance(m, nn.Conv2d)).in_channels == 2
    assert [m.p for m in net.modules() if isinstance(m, nn.Dropout)] == [0.125, 0.125]


def test_options_of_the_others():
    filters = [m.out_channels for m in bare("all_cnn_b", num_classes=7, width=4) if isinstance(m, nn.Conv2d)]
    assert filters == [4, 4, 4, 8, 8, 8, 8, 8, 7]
    filters = [m.out_channels for m in bare("vgg11_bn", width=8).modules() if isinstance(m, nn.Conv2d)]
    assert filters == [8, 16, 32, 32, 64, 64, 64, 64]
    assert [m.p for m in bare("nin", dropout=0.25) if isinstance(m, nn.Dropout)] == [0.25, 0.25]
    assert [m.p for m in bare("deck_demo", dropout=0.25) if isinstance(m, nn.Dropout)] == [0.25, 0.5]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("alexnet", 67),  # conv1 must leave 15: 15 -> 7 -> 3 -> 1
        ("alexnet_one_tower", 63),  # 4 pixels of padding
        ("vgg16", 32),  # halved five times
        ("deck_mnist", 26),  # 24, 12, 6, 3
        ("deck_cifar", 28),  # 24, 12, 6, 3
        ("deck_summary", 26),  # 24, 12, 10, 5, 3
        ("all_cnn_a", 9),  # 5, 3, 1
    ],
)
def test_too_small_a_picture(name, size):
    net, C = bare(name), models.card(name).input[0]
    with pytest.raises(ShapeError, match=f"The smallest picture that {type(net).__name__} works on is {size}x{size}"):
        net(tc.zeros(0, C, size - 1, size - 1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dropout": 1.5}, "Dropout: p is 1.5"),
        ({"hidden": 0}, "Linear: out_features is 0"),
        ({"width": 0}, "Conv2d: out_channels is 0"),
        ({"depth": 8}, "no option 'depth'"),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises(ArgumentError, match=message):
        bare("vgg11", **options)


# ---------------------------------------------------------------- on real data


REAL = {  # options, rows and columns of the pictures, rate, how often each is shown
    "lenet5": ({}, 28, 3e-3, 4),
    "lenet5_1998": ({}, 32, 3e-3, 6),
    "all_cnn_c": ({"width": 32, "in_channels": 1}, 28, 5e-4, 8),
    "vgg11": ({"width": 16, "hidden": 256, "dropout": 0.0, "in_channels": 1}, 32, 3e-4, 5),
    "vgg11_bn": ({"width": 8, "hidden": 256, "dropout": 0.0, "in_channels": 1}, 32, 3e-4, 3),
}


@pytest.mark.long
@pytest.mark.parametrize("name", REAL)
def test_it_learns_digits_that_it_has_not_seen(name):
    options, size, lr, epochs = REAL[name]
    tc.manual_seed(1)
    net = models.create(name, num_classes=10, **options)
    (x, labels), (unseen, answers) = digits(1000, size, 1), digits(500, size, 1, first=5000)
    optimizer, rng = optim.Adam(net.parameters(), lr=lr), np.random.default_rng(1)

    def accuracy():
        with tc.no_grad():
            return (net.eval()(unseen).numpy().argmax(1) == answers).mean()

    loss = map_criterion if name == "lenet5_1998" else F.cross_entropy
    assert accuracy() < 0.3
    for _ in range(epochs):
        net.train()
        for batch in rng.permutation(1000).reshape(-1, 25):
            optimizer.zero_grad()
            loss(net(x[batch]), tc.tensor(labels[batch])).backward()
            optimizer.step()
    assert accuracy() > 0.7
