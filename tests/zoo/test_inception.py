"""What is special about the Inception networks and SqueezeNets."""

from math import log

import numpy as np
import pytest

import tinyconv as tc
import tinyconv.nn.functional as F
from tinyconv import data, models, nn, optim
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.models.googlenet import GoogLeNet, GoogLeNetOutputs
from tinyconv.models.inception_v3 import InceptionOutputs, InceptionV3
from tinyconv.models.network import Network, smallest_picture
from tinyconv.models.squeezenet import Fire
from tinyconv.train import Trainer
from zoo.learning import digits
from zoo.receipts import outputs_of

NAMES = (
    "googlenet",
    "googlenet_bn",
    "bn_inception",
    "se_inception",
    "inception_v3",
    "squeezenet1_0",
    "squeezenet1_1",
)


@pytest.fixture
def blank(monkeypatch):
    """For tests of shapes alone: nets are built without drawing their weights, which takes most of the time."""
    monkeypatch.setattr(nn.init, "_fill", lambda tensor, values: tensor)


def training_but_for_batch_norm(net):
    """With its auxiliary heads, and without the statistics that a batch of no pictures does not have."""
    for module in net.modules():
        module.training = isinstance(module, Network)
    return net


# ---------------------------------------------------------------- layers


@pytest.mark.parametrize(
    ("name", "options", "count"),
    [
        ("googlenet", {"aux_logits": False}, 6_998_552),  # by hand, in facts_inception.py
        ("googlenet_bn", {"aux_logits": False}, 6_624_904),  # torchvision's documentation
        ("inception_v3", {}, 27_161_264),  # torchvision's documentation
    ],
)
def test_parameters_with_and_without_auxiliary_classifiers(name, options, count, blank):
    assert sum(p.numel() for p in models.create(name, **options).parameters()) == count


GOOGLENET = {  # table 1
    "conv1": (64, 112, 112),
    "maxpool1": (64, 56, 56),
    "conv3": (192, 56, 56),
    "maxpool2": (192, 28, 28),
    "inception3a": (256, 28, 28),
    "inception3b": (480, 28, 28),
    "maxpool3": (480, 14, 14),
    "inception4a": (512, 14, 14),
    "inception4d": (528, 14, 14),
    "inception4e": (832, 14, 14),
    "maxpool4": (832, 7, 7),
    "inception5b": (1024, 7, 7),
    "aux1.pool": (512, 4, 4),  # section 5
    "aux2.pool": (528, 4, 4),
    "aux2.conv": (128, 4, 4),
}
BN_INCEPTION = {  # figure 5
    "conv1": (64, 112, 112),
    "maxpool1": (64, 56, 56),
    "conv3": (192, 56, 56),
    "maxpool2": (192, 28, 28),
    "inception3a": (256, 28, 28),
    "inception3b": (320, 28, 28),
    "inception3c": (576, 14, 14),
    "inception4a": (576, 14, 14),
    "inception4b": (576, 14, 14),
    "inception4c": (576, 14, 14),
    "inception4d": (576, 14, 14),
    "inception4e": (1024, 7, 7),
    "inception5a": (1024, 7, 7),
    "inception5b": (1024, 7, 7),
}
INCEPTION_V3 = {  # table 1, which gives what goes into each layer
    "Conv2d_1a_3x3": (32, 149, 149),
    "Conv2d_2a_3x3": (32, 147, 147),
    "Conv2d_2b_3x3": (64, 147, 147),
    "maxpool1": (64, 73, 73),
    "Mixed_5d": (288, 35, 35),
    "Mixed_6e": (768, 17, 17),
    "Mixed_7a": (1280, 8, 8),
    "Mixed_7c": (2048, 8, 8),
    "AuxLogits.pool": (768, 5, 5),  # figure 8
}
SQUEEZENET = {  # table 1, at 224x224 instead of 227x227
    "features.3": (128, 54, 54),
    "features.5": (256, 54, 54),
    "features.6": (256, 27, 27),
    "features.10": (512, 27, 27),
    "features.12": (512, 13, 13),
    "classifier.1": (1000, 13, 13),
}


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("googlenet", GOOGLENET),
        ("googlenet_bn", GOOGLENET),
        ("bn_inception", {f"features.{path}": shape for path, shape in BN_INCEPTION.items()}),
        ("se_inception", {f"features.{path}": shape for path, shape in BN_INCEPTION.items()}),
        ("inception_v3", INCEPTION_V3),
        ("squeezenet1_0", SQUEEZENET),
    ],
)
def test_sizes_are_those_of_the_table(name, shapes, blank):
    net = training_but_for_batch_norm(models.create(name))
    with outputs_of(net) as found, tc.no_grad():
        net(tc.zeros(0, *models.card(name).input))
    assert {path: found[path].shape[1:] for path in shapes} == shapes


@pytest.mark.parametrize("name", NAMES)
def test_other_classes_and_channels(name, blank):
    net = models.create(name, num_classes=7, in_channels=2).eval()
    assert next(net.parameters()).shape[1] == 2
    assert net(tc.zeros(0, 2, 96, 96)).shape == (0, 7)


def test_a_fire_module_by_hand():
    """One pixel of 1: squeezed to 2, expanded to 6 where it is and, by 3x3 ones, to 2 all around it."""
    fire = Fire(1, 1, 1)
    for layer, value in ((fire.squeeze, 2), (fire.expand1x1, 3), (fire.expand3x3, 1)):
        nn.init.constant_(layer.weight, value)
        nn.init.zeros_(layer.bias)
    x = np.zeros((1, 1, 3, 3))
    x[0, 0, 1, 1] = 1
    y = fire.double()(tc.tensor(x)).data
    np.testing.assert_array_equal(y, np.concatenate([6 * x, np.full_like(x, 2)], 1))
    for layer in (fire.expand1x1, fire.expand3x3):  # a ReLU after each of the convolutions
        nn.init.constant_(layer.bias, -10)
    assert not fire(tc.tensor(x)).data.any()
    for layer in (fire.expand1x1, fire.expand3x3):
        nn.init.zeros_(layer.bias)
        nn.init.constant_(layer.weight, -1)
    assert not fire(tc.tensor(-x)).data.any()


def test_the_last_convolution_of_a_squeezenet_begins_small():
    w = models.squeezenet1_1().classifier[1].weight.data
    assert w.std() == pytest.approx(0.01, rel=0.01)  # of 512,000 numbers


def test_signals_keep_their_size_where_no_batch_norm_sees_to_it(rng):
    """Equation 10 of He et al.; by equation 14 GoogLeNet's logits, of size 1 here, begin at 100."""
    net = models.googlenet(10, aux_logits=False).eval()
    x = tc.tensor(rng.standard_normal((2, 3, 64, 64)).astype(np.float32))
    assert 0.05 < np.abs(net(x).data).max() < 20


def test_googlenets_branches_have_the_filters_of_their_names(blank):
    for net, kernel, last in ((models.googlenet(10), (5, 5), 3), (models.googlenet_bn(10), (3, 3), 2)):
        assert net.inception3a.branch3[1].conv.weight.shape == (32, 16, *kernel)
        assert net.maxpool4.kernel_size == last


def test_auxiliary_classifiers_pool_5x5_pixels_to_4x4(rng):
    x = rng.standard_normal((1, 2, 14, 14))
    expected = [[x[0, :, i : i + 5, j : j + 5].mean((1, 2)) for j in (0, 3, 6, 9)] for i in (0, 3, 6, 9)]
    y = GoogLeNet.pool_to_4x4()(tc.tensor(x)).data
    np.testing.assert_allclose(y[0], np.transpose(expected, (2, 0, 1)), rtol=1e-12)


def test_dropout(blank):
    net = models.googlenet(10, dropout=0.1, dropout_aux=0.2)
    assert (net.dropout.p, net.aux1.dropout.p, net.aux2.dropout.p) == (0.1, 0.2, 0.2)
    standard = models.googlenet(10), models.googlenet_bn(10), models.inception_v3(10, dropout=0.3)
    assert [net.dropout.p for net in standard] == [0.4, 0.2, 0.3]
    assert standard[0].aux1.dropout.p == standard[1].aux2.dropout.p == 0.7
    assert models.inception_v3(10).dropout.p == models.squeezenet1_0(10).classifier[0].p == 0.5
    assert models.squeezenet1_1(10, dropout=0.1).classifier[0].p == 0.1


# ---------------------------------------------------------------- several outputs


@pytest.mark.parametrize(("name", "size"), [("googlenet", 80), ("googlenet_bn", 32), ("inception_v3", 299)])
def test_auxiliary_logits_in_training_alone(name, size, blank):
    kind = InceptionOutputs if name == "inception_v3" else GoogLeNetOutputs
    x = tc.zeros(0, 3, size, size)
    net = training_but_for_batch_norm(models.create(name, num_classes=5))
    y = net(x)
    assert type(y) is kind
    assert [logits.shape for logits in y] == [(0, 5)] * len(kind._fields)
    assert net.eval()(x).shape == (0, 5)
    assert training_but_for_batch_norm(models.create(name, num_classes=5, aux_logits=False))(x).shape == (0, 5)


def test_what_auxiliary_classifiers_teach(rng):
    """The first one the layers up to 4a, the second one those up to 4d."""
    net = models.googlenet(10)
    x = tc.tensor(rng.standard_normal((1, 3, 80, 80)).astype(np.float32))
    modules = ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"]
    for field, head, last in (("aux_logits1", "aux1", "4a"), ("aux_logits2", "aux2", "4d")):
        net.zero_grad()
        getattr(net(x), field).sum().backward()
        taught = {path.partition(".")[0] for path, p in net.named_parameters() if p.grad is not None}
        inceptions = {f"inception{m}" for m in modules[: modules.index(last) + 1]}
        assert taught == {"conv1", "conv2", "conv3", head} | inceptions


def test_the_loss_of_several_outputs():
    """Probabilities of the right class: a half, 3 in 4, 1 in 4."""
    half, likely, unlikely = (tc.tensor([[0.0, a]]) for a in (0.0, log(3), -log(3)))
    labels = tc.tensor(np.array([1]))
    y = GoogLeNetOutputs(half, likely, unlikely)
    assert GoogLeNet.loss(y, labels).item() == pytest.approx(log(2) + 0.3 * (log(4 / 3) + log(4)), rel=1e-6)
    y = InceptionOutputs(half, unlikely)
    assert InceptionV3.loss(y, labels).item() == pytest.approx(log(2) + 0.4 * log(4), rel=1e-6)
    for kind in (GoogLeNet, InceptionV3):
        assert kind.loss(half, labels).item() == pytest.approx(log(2), rel=1e-6)  # in evaluation


def test_the_trainer_learns_from_all_outputs_and_counts_the_nets_own():
    net = models.googlenet_bn(10, in_channels=1, dropout=0.0, dropout_aux=0.0)
    loader = data.DataLoader(data.mnist(train=False).split(16, seed=0)[1], 16, transform=data.Normalize([0.1], [0.3]))
    ((x, labels),) = loader
    y = net(x)
    loss, right = net.loss(y, labels).item(), (y.logits.data.argmax(1) == labels.data).mean()
    trainer = Trainer(net, optim.SGD(net.parameters(), lr=0.0), loader, loss_fn=net.loss, val_loader=loader)
    (record,) = trainer.fit(1)
    assert record["loss"] == pytest.approx(loss, rel=1e-5)
    assert record["accuracy"] == pytest.approx(right)
    logits = net.eval()(x)
    assert record["val_loss"] == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "size"),
    [("googlenet_bn", 15), ("inception_v3", 75), ("squeezenet1_0", 21), ("squeezenet1_1", 17)],
)
def test_the_smallest_picture_is_torchvisions(name, size, blank):
    assert smallest_picture(models.create(name, num_classes=2).eval(), 3) == size


def test_auxiliary_classifiers_need_larger_pictures(blank):
    """The maps of module 4d must have 5x5 pixels, those of Mixed_6e 17x17."""
    net = models.googlenet(10)
    with pytest.raises(ShapeError, match="aux2.pool.*The smallest picture that GoogLeNet works on is 79x79."):
        net(tc.zeros(0, 3, 78, 78))
    assert all(module.training for module in net.modules())
    assert net(tc.zeros(0, 3, 79, 79)).aux_logits1.shape == (0, 10)
    assert net.eval()(tc.zeros(0, 3, 78, 78)).shape == (0, 10)
    assert smallest_picture(models.inception_v3(2), 3) == 299


# ---------------------------------------------------------------- BN-Inception and squeeze-and-excitation


def test_bn_inception_takes_pictures_of_all_sizes(blank):
    """Convolutions and pooling with stride 2 side by side must agree on how they round."""
    net = models.bn_inception(10, width=4).eval()
    assert {net(tc.zeros(0, 3, size, 51 - size)).shape for size in range(20, 36)} == {(0, 10)}


@pytest.mark.parametrize(("width", "problem"), [(0, "at least 2"), (5, "width is 5; it must be even"), (2.5, "whole")])
def test_bn_inception_refuses_a_width(width, problem):
    for build in (models.bn_inception, models.se_inception):
        with pytest.raises(ArgumentError, match=problem):
            build(width=width)


def test_width_scales_every_layer(blank):
    narrow, full = (dict(models.se_inception(10, width=width).named_parameters()) for width in (16, 64))
    for path, p in full.items():
        outside = {"features.conv1.conv.weight": (1,), "fc.weight": (0,), "fc.bias": (0,)}.get(path, ())
        assert narrow[path].shape == tuple(
            n if axis in outside or axis > 1 else n // 4 for axis, n in enumerate(p.shape)
        )


def test_se_blocks_stand_after_every_module(blank):
    net = models.se_inception(10, reduction=8)
    blocks = {path: m.fc1.weight.shape for path, m in net.named_modules() if isinstance(m, nn.SqueezeExcitation)}
    channels = {path: shape[0] for path, shape in BN_INCEPTION.items() if path.startswith("inception")}
    assert blocks == {f"features.{path}.se": (C // 8, C, 1, 1) for path, C in channels.items()}


def test_se_inception_with_open_gates_is_bn_inception(rng):
    """A gate of sigmoid(50) is 1, one of sigmoid(0) halves what it is given."""
    plain, gated = models.bn_inception(10, width=8).eval(), models.se_inception(10, width=8).eval()
    state = {}
    for path, value in gated.state_dict().items():
        state[path] = tc.full(value.shape, 50.0 if path.endswith("fc2.bias") else 0.0) if ".se." in path else value
    gated.load_state_dict(state)
    plain.load_state_dict({p.replace(".inception.", "."): value for p, value in state.items() if ".se." not in p})
    x = tc.tensor(rng.standard_normal((2, 3, 32, 32)).astype(np.float32))
    np.testing.assert_allclose(gated(x).data, plain(x).data, rtol=1e-5, atol=1e-6)
    last = gated.features.inception5b
    nn.init.zeros_(last.se.fc2.bias)
    half = gated.avgpool(gated.features(x)).data
    np.testing.assert_allclose(half, 0.5 * plain.avgpool(plain.features(x)).data, rtol=1e-5, atol=1e-6)


def test_reduction_must_be_a_whole_number():
    with pytest.raises(ArgumentError, match="reduction is 0; it must be a whole number of at least 1"):
        models.se_inception(10, reduction=0)


# ---------------------------------------------------------------- learning


@pytest.mark.long
@pytest.mark.parametrize("name", ["bn_inception", "se_inception"])
def test_it_learns_digits_that_it_has_not_seen(name):
    """With a fourth of its channels, from 1600 digits, each seen twice."""
    tc.manual_seed(1)
    net = models.create(name, num_classes=10, in_channels=1, width=16)
    optimizer = optim.Adam(net.parameters(), lr=2e-3)
    x, labels = digits(1600, 32, 1)
    for i in [*range(0, 1600, 32)] * 2:
        optimizer.zero_grad()
        F.cross_entropy(net(x[i : i + 32]), tc.tensor(labels[i : i + 32])).backward()
        optimizer.step()
    unseen, labels = digits(500, 32, 1, first=5000)
    with tc.no_grad():
        assert (net.eval()(unseen).data.argmax(1) == labels).mean() > 0.5  # a tenth by chance
