"""The way back from a map to the pixels: by hand, against PyTorch, and against gradients where both are the same."""

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import models, nn
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.models import Deconvnet
from tinyconv.models.deconvnet import there_and_back
from zoo.learning import digits


def with_weights(layer, weight, bias=0.0):
    layer.load_state_dict({"weight": np.array(weight), "bias": np.full(len(weight), bias)})
    return layer


def test_by_hand():
    """The convolution's map is (7, -2; -3, 3), less 1; the winner, 6, lays its filter where it came from."""
    conv = with_weights(nn.Conv2d(1, 1, 2), [[[[1.0, -1.0], [0.0, 2.0]]]], bias=-1.0)
    x = tc.tensor([[[[1.0, 0.0, 2.0], [0.0, 3.0, 0.0], [1.0, 0.0, 0.0]]]])
    net = Deconvnet(nn.Sequential(conv, nn.ReLU(), nn.MaxPool2d(2)))
    np.testing.assert_array_equal(net(x).numpy(), [[[[6.0, -6.0, 0.0], [0.0, 12.0, 0.0], [0.0, 0.0, 0.0]]]])


def test_what_comes_back_is_rectified():
    """5 goes forward as (5, 10), then 15 - 10 = 5, and back as (15, -5), of which the ReLU leaves (15, 0).

    The backward pass, in which ReLU asks about (5, 10), would go on with both: 15 - 2 * 5 = 5.
    """
    one = with_weights(nn.Conv2d(1, 2, 1), [[[[1.0]]], [[[2.0]]]])
    two = with_weights(nn.Conv2d(2, 1, 1), [[[[3.0]], [[-1.0]]]])
    net = Deconvnet(nn.Sequential(one, nn.ReLU(), two))
    assert net(tc.tensor([[[[5.0]]]])).item() == 15.0
    assert Deconvnet(nn.Sequential(one, two))(tc.tensor([[[[5.0]]]])).item() == 5.0 * (3 * 1 - 1 * 2)


def chain():
    return nn.Sequential(
        *(nn.Conv2d(2, 4, 3, stride=2, padding=1), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 6, 3, padding="same", groups=2), nn.Conv2d(6, 3, (1, 3), dilation=(1, 2))),
    ).double()


@pytest.mark.parametrize("layer", range(4))
@pytest.mark.parametrize("channel", [None, 1])
def test_without_relu_it_is_the_gradient_of_half_the_sum_of_squares(rng, layer, channel):
    """d/dx of 1/2 sum a^2 is J^T a."""
    features = chain()
    x = tc.tensor(rng.standard_normal((2, 2, 29, 31)), requires_grad=True)
    a = x
    for part in features[: layer + 1]:
        a = part(a)
    kept = a if channel is None else a[:, channel]
    (expected,) = tc.grad((kept * kept).sum() / 2, x)
    found = Deconvnet(features)(x.detach(), layer, channel, strongest=False)
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-10, atol=1e-12)


def test_against_pytorchs_layers(rng):
    """ZFNet's kinds of layers: pooling that overlaps and rounds up, normalisation that the way back passes over."""
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    T = torch.nn.functional
    pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
    conv1, conv2 = nn.Conv2d(1, 4, 5, stride=2, padding=1), nn.Conv2d(4, 3, 3, padding=1)
    features = nn.Sequential(conv1, nn.ReLU(), pool, nn.LocalResponseNorm(3), nn.Dropout(), conv2, nn.ReLU()).double()
    x = rng.standard_normal((2, 1, 28, 29))
    w1, b1, w2, b2 = (torch.tensor(p.detach().numpy()) for p in features.parameters())

    one = T.conv2d(torch.tensor(x), w1, b1, 2, 1).relu()
    pooled, switches = T.max_pool2d(one, 3, 2, ceil_mode=True, return_indices=True)
    a = T.conv2d(torch.nn.LocalResponseNorm(3)(pooled), w2, b2, padding=1).relu()
    y = torch.zeros_like(a)
    for n in range(2):
        place = np.unravel_index(int(a[n, 2].argmax()), a.shape[2:])
        y[n, 2][place] = a[n, 2][place]
    y = T.conv_transpose2d(y.relu(), w2, padding=1)
    flat = torch.zeros(2, 4, one[0, 0].numel(), dtype=torch.float64)
    for n in range(2):
        for c in range(4):
            for value, place in zip(y[n, c].flatten(), switches[n, c].flatten(), strict=True):
                flat[n, c, place] += value
    back = flat.reshape(one.shape).relu()
    expected = T.conv_transpose2d(back, w1, stride=2, padding=1, output_padding=(1, 0))

    found = Deconvnet(features)(tc.tensor(x), channel=2)
    assert expected.shape == x.shape
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-10, atol=1e-14)


def test_the_strongest_activation_sees_its_own_field_of_pixels():
    """Of LeNet's kind of net on digits: 5x5, pooling, 5x5 look at 14x14 pixels."""
    tc.manual_seed(1)  # a map that is 0 everywhere would see nothing
    features = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 5), nn.ReLU())
    x, _ = digits(6, 28, 1)
    a = features(x).detach().numpy()
    found = Deconvnet(features)(x, channel=3).numpy()
    for n in range(6):
        oy, ox = np.unravel_index(a[n, 3].argmax(), a.shape[2:])
        inside = np.zeros((28, 28), bool)
        inside[2 * oy : 2 * oy + 14, 2 * ox : 2 * ox + 14] = True
        assert np.any(found[n, 0, inside])
        assert not np.any(found[n, 0, ~inside])


def test_which_activations_are_kept(rng):
    """Through a net that changes nothing the kept activations themselves come out."""
    net = Deconvnet(nn.Sequential(nn.ReLU()))
    x = rng.uniform(0.1, 1, (2, 3, 4, 5))
    one = np.zeros_like(x)
    one[:, 1] = x[:, 1]
    t = tc.tensor(x)
    np.testing.assert_array_equal(net(t, strongest=False).numpy(), x)
    np.testing.assert_array_equal(net(t, channel=1, strongest=False).numpy(), one)
    np.testing.assert_array_equal(net(t, 0, 1).numpy(), one * (one == one.max((1, 2, 3), keepdims=True)))
    np.testing.assert_array_equal(net(t).numpy(), x * (x == x.max((1, 2, 3), keepdims=True)))


def test_nothing_is_recorded_or_dropped(rng):
    features = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Dropout(0.9))
    x = tc.tensor(rng.standard_normal((1, 1, 6, 6)), requires_grad=True).float()
    first = Deconvnet(features).train()(x)
    assert not first.requires_grad
    np.testing.assert_array_equal(first.numpy(), Deconvnet(features).eval()(x).numpy())


def test_unpooling_is_maxunpool2d_where_windows_do_not_overlap(rng):
    x, y = rng.standard_normal((2, 3, 7, 8)), rng.standard_normal((2, 3, 3, 4))
    _, switches = nn.MaxPool2d(2, return_indices=True)(tc.tensor(x))
    expected = nn.MaxUnpool2d(2)(tc.tensor(y), switches, (7, 8))
    _, back = there_and_back(nn.MaxPool2d(2), tc.tensor(x))
    np.testing.assert_array_equal(back(tc.tensor(y)).numpy(), expected.numpy())


@pytest.mark.parametrize("size", [64, 65, 66, 67])
def test_into_zfnet_from_every_layer(rng, size):
    net = models.create("deconvnet", in_channels=1)
    assert len(net.features) == 15
    x = tc.tensor(rng.standard_normal((1, 1, size, size)).astype(np.float32))
    for layer in (2, 7, -1):
        y = net(x, layer)
        assert y.shape == x.shape
        assert np.any(y.numpy())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Deconvnet(nn.ReLU()), ArgumentError, r"Deconvnet: features is ReLU; it must be a Sequential"),
        (
            lambda: Deconvnet(nn.Sequential(nn.ReLU(), nn.Tanh())),
            ArgumentError,
            r"no way back through Tanh\(\), layer 1; only Conv2d, ReLU, MaxPool2d",
        ),
        (
            lambda: Deconvnet(nn.Sequential(nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"))),
            ArgumentError,
            r"no way back through Conv2d\(.*reflect.*\), layer 0\.",
        ),
        (
            lambda: Deconvnet(nn.Sequential(nn.MaxPool2d(2, return_indices=True))),
            ArgumentError,
            r"no way back through MaxPool2d\(.*\), layer 0\.",
        ),
        (
            lambda: Deconvnet(nn.Sequential(nn.ReLU()))(tc.zeros(1, 1, 2, 2), layer=1),
            ArgumentError,
            "layer is 1; features has layers 0 to 0, and -1 is the last",
        ),
        (
            lambda: Deconvnet(nn.Sequential(nn.ReLU()))(tc.zeros(1, 3, 2, 2), channel=3),
            ArgumentError,
            "channel is 3; this layer has maps 0 to 2",
        ),
        (
            lambda: models.create("deconvnet")(tc.zeros(1, 3, 46, 46)),  # conv1 21, pool1 10, conv2 3, pool2 1, pool5 0
            ShapeError,
            r"^max_pool2d: .* The smallest picture that Deconvnet works on is 47x47\.",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
