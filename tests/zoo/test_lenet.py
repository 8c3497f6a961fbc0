"""LeNet-5: the parts of the one of 1998, by hand; the modern one in every engine."""

import numpy as np
import pytest

import tinyconv as tc
import tinyconv.nn.functional as F
from tinyconv import models, optim
from tinyconv.data import mnist
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.models.bitmaps import codes
from tinyconv.models.lenet5_1998 import RBF, TABLE_I, TableConv2d, map_criterion, mse_criterion
from zoo.receipts import outputs_of


def by_layer(model):
    """path of a layer -> how many parameters it has"""
    counts = {}
    for path, p in model.named_parameters():
        layer = path.rpartition(".")[0]
        counts[layer] = counts.get(layer, 0) + p.numel()
    return counts


# ---------------------------------------------------------------- 1998


def test_parameters_of_each_layer():
    """Section II.B says them one by one; the output's drawings are not learned."""
    counts = by_layer(models.create("lenet5_1998"))
    assert counts == {"c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164}


def test_connections():
    """Section II.B: 340,908. In a sub-sampling layer a unit has four inputs and a bias."""
    net = models.create("lenet5_1998")
    with tc.no_grad(), outputs_of(net) as found:
        net(tc.zeros(0, 1, 32, 32))
    pixels = {path: found[path].shape[2] * found[path].shape[3] for path in ("c1", "s2", "c3", "s4", "c5")}
    assert pixels == {"c1": 28 * 28, "s2": 14 * 14, "c3": 10 * 10, "s4": 5 * 5, "c5": 1}
    each = {"c1": 156, "s2": 6 * 5, "c3": 1_516, "s4": 16 * 5, "c5": 48_120}
    output = 84 * found["output"].shape[1]
    assert sum(pixels[path] * each[path] for path in each) + 10_164 + output == 340_908


THREE, FOUR = "012 123 234 345 045 015", "0123 1234 2345 0345 0145 0125 0134 1245 0235"
SEES = f"{THREE} {FOUR} 012345".split()  # table I, column by column


@pytest.mark.parametrize("f", range(16))
def test_a_map_of_c3_depends_on_the_maps_that_the_table_says(f):
    x = tc.ones(1, 6, 5, 5).requires_grad_()
    TableConv2d(TABLE_I, 5)(x)[0, f].sum().backward()
    seen = np.abs(x.grad.numpy()[0]).sum((1, 2)) > 0
    assert "".join(str(c) for c in np.flatnonzero(seen)) == SEES[f]


def test_table_convolution_by_hand():
    """Two inputs of one pixel, three maps: of the first, of both, of the second."""
    layer = TableConv2d(["XX.", ".XX"], 1)
    layer.load_state_dict({"weight": np.reshape([2.0, 3, 5, 7], (4, 1, 1)), "bias": np.array([0.5, 0, -1])})
    y = layer(tc.tensor(np.reshape([10.0, 100], (1, 2, 1, 1)).astype(np.float32)))
    assert y.detach().numpy().ravel().tolist() == [20.5, 3 * 10 + 5 * 100, 699]


def test_weights_begin_within_the_papers_bounds():
    net = models.create("lenet5_1998")
    c3 = net.c3.weight.detach().numpy()
    found = {"c3, map 0": (c3[:3], 75), "c3, map 6": (c3[18:22], 100), "c3, map 15": (c3[54:], 150)}
    found |= {
        path: (getattr(net, path).weight.detach().numpy(), F) for path, F in (("c1", 25), ("c5", 400), ("f6", 120))
    }
    for name, (w, inputs) in found.items():
        reached = np.abs(w).max() * inputs / 2.4
        assert 1 - 20 / w.size < reached <= 1 + 1e-6, name  # e^-20 that no weight comes so near


def test_drawings():
    w = codes(10)
    assert w.shape == (10, 84) and w.dtype == np.float32 and set(np.unique(w)) == {-1, 1}
    assert w[1, :14].tolist() == [*(-1, -1, -1, 1, -1, -1, -1), *(-1, -1, 1, 1, -1, -1, -1)]  # the tip of the 1
    black = (w == 1).sum(1)
    assert (black[0], black[1], black[7]) == (3 + 2 + 8 * 2 + 2 + 3, 1 + 2 + 2 + 8 + 5, 7 + 11)
    differing = (w[:, None] != w).sum(2)
    assert differing[~np.eye(10, dtype=bool)].min() >= 5


def test_as_many_codes_as_classes():
    assert codes(7).tolist() == codes(10)[:7].tolist()
    tc.manual_seed(5)
    w = codes(200)
    assert w.shape == (200, 84) and set(np.unique(w)) == {-1, 1}
    assert w[:10].tolist() == codes(10).tolist()
    assert abs(w[10:].mean()) < 0.05  # 15,960 coins: five times their spread is 0.04
    tc.manual_seed(5)
    assert codes(200).tolist() == w.tolist()
    assert models.create("lenet5_1998", num_classes=12)(tc.zeros(1, 1, 32, 32)).shape == (1, 12)


def test_output_by_hand():
    y = RBF(np.array([[1, 1], [-1, 1]], np.float32))(tc.tensor([[1.0, 2.0], [0.0, -1.0]]))
    assert y.numpy().tolist() == [[0 + 1, 4 + 1], [1 + 4, 1 + 4]]


def test_the_output_is_the_negative_penalty():
    """F6 that is driven far towards the drawing of a 3, whatever the picture, and squashed to 1.7159 of it."""
    net = models.create("lenet5_1998")
    w = codes(10)
    net.load_state_dict(net.state_dict() | {"f6.weight": np.zeros((84, 120)), "f6.bias": 20 * w[3]})
    y = net(tc.zeros(1, 1, 32, 32)).detach().numpy()[0]
    differing = (w != w[3]).sum(1)
    np.testing.assert_allclose(y, -(0.7159**2 * (84 - differing) + 2.7159**2 * differing), rtol=1e-4)
    assert y.argmax() == 3


def test_losses_by_hand():
    penalties, labels = np.array([[1.0, 3.0], [2.0, 0.5]]), np.array([0, 1])
    outputs = tc.tensor(-penalties)
    right = np.array([1.0, 0.5])
    others = np.log([np.exp(-2.0) + np.exp(-1) + np.exp(-3), np.exp(-2.0) + np.exp(-2) + np.exp(-0.5)])
    assert mse_criterion(outputs, tc.tensor(labels)).item() == pytest.approx(0.75)
    assert map_criterion(outputs, tc.tensor(labels), j=2.0).item() == pytest.approx((right + others).mean())
    entropy = F.cross_entropy(outputs, tc.tensor(labels)).item()
    assert map_criterion(outputs, tc.tensor(labels), j=50.0).item() == pytest.approx(entropy)


@pytest.mark.parametrize("j", [-1, np.inf, "1"])
def test_j_that_makes_no_sense(j):
    with pytest.raises(ArgumentError, match="^map_criterion: j is .*; it must be a finite number of at least 0"):
        map_criterion(tc.zeros(1, 10), tc.tensor([3]), j=j)


def test_pictures_of_28_are_too_small():
    with pytest.raises(ShapeError, match=r"\(c5\).*smallest picture that LeNet5Of1998 works on is 32x32\.$"):
        models.create("lenet5_1998")(tc.zeros(1, 1, 28, 28))


# ---------------------------------------------------------------- as taught today


def test_modern_parameters_of_each_layer():
    assert by_layer(models.LeNet5()) == {
        "features.0": 6 * 25 + 6,
        "features.3": 16 * 6 * 25 + 16,
        "classifier.1": 120 * 400 + 120,
        "classifier.3": 84 * 120 + 84,
        "classifier.5": 10 * 84 + 10,
    }


def test_modern_for_other_pictures():
    model = models.create("lenet5", num_classes=7, in_channels=3)
    assert model(tc.zeros(1, 3, 28, 28)).shape == (1, 7)


def test_modern_has_the_same_loss_and_gradients_in_every_engine(rng):
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


def test_modern_can_learn_32_digits_by_heart():
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
    ("shape", "message"),
    [
        (
            (1, 1, 32, 32),
            r"^linear \(classifier\.1\): input \(1, 576\) has 576 features, weight \(120, 400\) expects 400\.",
        ),
        ((1, 3, 28, 28), r"^conv2d \(features\.0\): input has 3 channels, .* Set in_channels=3"),
    ],
)
def test_modern_refuses_what_does_not_fit(shape, message):
    with pytest.raises(ShapeError, match=message):
        models.LeNet5()(tc.zeros(*shape))
