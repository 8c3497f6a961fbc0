"""Dense layers turned into convolutions: the same net at the training size, a sliding window beyond it."""

import numpy as np
import pytest

import tinyconv
from tinyconv import models, nn
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.evaluation import DenseConv2d, Ensemble, FullyConvolutional, as_fully_convolutional
from tinyconv.tape import no_grad

SMALL = {  # zoo nets that end in dense layers, cheap ones of each kind: options, pictures of training
    "lenet5": ({}, None),
    "cellnet": ({"width": 6, "hidden": 8}, None),
    "deck_mnist": ({}, None),
    "deck_cifar": ({}, None),
    "deck_summary": ({}, None),
    "vgg11": ({"width": 4, "hidden": 8}, (3, 224, 224)),  # no more pixels than the average makes
    "vgg11_bn": ({"width": 4, "hidden": 8}, (3, 32, 32)),  # 1 pixel becomes 7x7
    "vgg13": ({"width": 4, "hidden": 8}, (3, 320, 320)),  # 10x10 become 7x7
}


def outputs(net, x):
    net.eval()
    with no_grad():
        return net(tinyconv.tensor(x)).numpy()


def a_small_net(rng):
    """No padding, strides 2 and 1, pooling: pixels (i, j) of the score map see the window at (4i, 4j)."""
    net = nn.Sequential(
        *(nn.Conv2d(2, 3, 3, stride=2), nn.Tanh(), nn.MaxPool2d(2)),  # 13 -> 6 -> 3
        *(nn.Flatten(), nn.Linear(3 * 3 * 3, 5), nn.Dropout(0.9), nn.ReLU(), nn.Linear(5, 4)),
    ).double()
    for p in net.parameters():
        p.data[...] = rng.standard_normal(p.shape)
    return net


# ---------------------------------------------------------------- the same net


@pytest.mark.parametrize("name", SMALL)
def test_it_is_the_same_net_at_the_training_size(name, rng):
    options, size = SMALL[name]
    net = models.create(name, 3, **options).double()
    for buffer in net.buffers():  # running statistics as after some training
        if buffer.dtype.kind == "f":
            buffer.data[...] = rng.uniform(0.5, 2, buffer.shape)
    dense = as_fully_convolutional(net, size)
    x = rng.standard_normal((2, *(size or net.input_size)))
    y = outputs(net, x)
    assert isinstance(dense, FullyConvolutional)
    np.testing.assert_allclose(outputs(dense, x), y, rtol=0, atol=1e-12 * abs(y).max())
    assert dense.score_map(tinyconv.tensor(x)).shape == (2, 3, 1, 1)


def test_the_weights_are_the_very_same(rng):
    net = a_small_net(rng)
    dense = as_fully_convolutional(net, (2, 13, 13))
    assert {id(p) for p in dense.parameters()} == {id(p) for p in net.parameters()}
    net[4].weight.data[...] = 0
    net[4].bias.data[...] = net[7].weight.data[...] = 1
    net[7].bias.data[...] = 0.25
    np.testing.assert_array_equal(outputs(dense, np.ones((1, 2, 21, 17))), np.full((1, 4), 5.25))


def test_a_dense_layer_by_hand():
    """Weights 1, 2, 3, 4 over windows of 2x2 pixels, and 10 added."""
    layer = nn.Linear(4, 1)
    layer.weight.data[...], layer.bias.data[...] = [[1, 2, 3, 4]], 10
    x = np.array([[[[1, 0, 2], [0, 1, 0]]]], np.float32)
    y = DenseConv2d(layer, (2, 2))(tinyconv.tensor(x)).detach()
    np.testing.assert_array_equal(y.numpy(), [[[[1 + 4 + 10, 4 + 3 + 10]]]])


def test_the_average_before_a_dense_layer_goes_into_its_filters():
    """Of 1x3 pixels bins of pixels 0 and 1, and 1 and 2: weights a, b become a/2, (a + b)/2, b/2."""
    layer = nn.Linear(2, 1, bias=False)
    layer.weight.data[...] = [[2, 6]]
    filters = DenseConv2d(layer, (1, 3), pooled=(1, 2)).filters().detach()
    np.testing.assert_allclose(filters.numpy(), [[[[1, 4, 3]]]], rtol=1e-6)


# ---------------------------------------------------------------- a sliding window


def test_dense_scores_are_those_of_all_windows(rng):
    """Pictures of 21x25 hold 3x4 windows of 13x13 at steps of 4."""
    net = a_small_net(rng)
    dense = as_fully_convolutional(net, (2, 13, 13))
    x = rng.standard_normal((3, 2, 21, 25))
    windows = {
        (i, j): outputs(net, x[:, :, 4 * i : 4 * i + 13, 4 * j : 4 * j + 13]) for i in range(3) for j in range(4)
    }
    score_map = dense.eval().score_map(tinyconv.tensor(x)).detach().numpy()
    assert score_map.shape == (3, 4, 3, 4)
    for (i, j), scores in windows.items():
        np.testing.assert_allclose(score_map[:, :, i, j], scores, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(outputs(dense, x), np.mean(list(windows.values()), 0), rtol=1e-12, atol=1e-12)


def test_gradients_reach_the_dense_layers_weights(rng):
    net = a_small_net(rng).eval()
    net(tinyconv.tensor(x := rng.standard_normal((2, 2, 13, 13)))).sum().backward()
    wanted = [p.grad.numpy() for p in net.parameters()]
    net.zero_grad()
    as_fully_convolutional(net, (2, 13, 13))(tinyconv.tensor(x)).sum().backward()
    for p, dw in zip(net.parameters(), wanted, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), dw, rtol=1e-10, atol=1e-12)


# ---------------------------------------------------------------- nets that are dense already


@pytest.mark.parametrize("name", ["resnet20", "nin", "deck_demo", "mobilenet_v2", "squeezenet1_1", "googlenet"])
def test_nets_that_end_in_global_pooling_are_dense_already(name):
    net = models.create(name)
    assert as_fully_convolutional(net) is net
    assert net.training


@pytest.mark.parametrize(("name", "channels"), [("resnet20", 1), ("deck_demo", 3), ("lenet5", 4)])
def test_pictures_may_have_other_channels_than_the_papers(name, channels):
    net = models.create(name, in_channels=channels).eval()
    assert as_fully_convolutional(net)(tinyconv.zeros(1, channels, 32, 32)).shape == (1, 10)


def test_a_dense_net_is_dense_already(rng):
    dense = as_fully_convolutional(a_small_net(rng), (2, 13, 13))
    assert as_fully_convolutional(dense) is dense


def test_a_mean_of_scores_is_the_score_of_the_mean(rng):
    """What global average pooling rests on: a 1x1 convolution, then the mean, is the mean, then the dense layer."""
    layer, x = nn.Linear(6, 4).double(), rng.standard_normal((2, 6, 5, 3))
    over_map = DenseConv2d(layer)(tinyconv.tensor(x)).detach().numpy()
    np.testing.assert_allclose(over_map.mean((2, 3)), outputs(layer, x.mean((2, 3))), rtol=1e-12)


def test_an_ensemble_is_made_of_the_dense_forms(rng):
    a, b = a_small_net(rng), a_small_net(rng)
    x = rng.standard_normal((2, 2, 17, 13))
    each = [outputs(as_fully_convolutional(net, (2, 13, 13)), x) for net in (a, b)]
    p = [np.exp(y) / np.exp(y).sum(1, keepdims=True) for y in each]
    y = outputs(as_fully_convolutional(Ensemble([a, b]), (2, 13, 13)), x)
    np.testing.assert_allclose(np.exp(y), (p[0] + p[1]) / 2, rtol=1e-10)


def test_a_layer_may_come_twice(rng):
    relu = nn.ReLU()
    net = nn.Sequential(nn.Conv2d(1, 2, 3), relu, nn.Flatten(), nn.Linear(8, 3), relu, nn.Linear(3, 2)).double()
    x = rng.standard_normal((2, 1, 4, 4))
    np.testing.assert_allclose(outputs(as_fully_convolutional(net, (1, 4, 4)), x), outputs(net, x), atol=1e-12)


# ---------------------------------------------------------------- nets that are not, and pictures too small


class MoreThanItsLayers(nn.Module):
    def __init__(self):
        self.features = nn.Conv2d(1, 2, 3)
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(8, 2))

    def forward(self, x):
        return self.classifier(self.features(x).relu() + 1)


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (models.lenet5_1998(), "LeNet5Of1998 has no dense form: it takes pictures of one size, and is no chain"),
        (models.multi_output(), "MultiOutput has no dense form"),
        (nn.Sequential(nn.Flatten(), nn.Linear(16, 2), nn.Softmax(1)), "Softmax stands among its dense layers"),
        (
            MoreThanItsLayers(),
            "MoreThanItsLayers has no dense form: its forward is not its layers, one after the other.",
        ),
        (nn.Sequential(nn.GlobalAvgPool2d(), nn.Linear(3, 1)), "it takes pictures of one size"),
    ],
    ids=["no chain", "several outputs", "softmax", "own forward", "other channels"],
)
def test_what_has_no_dense_form(net, message):
    with pytest.raises(ArgumentError, match=message):
        as_fully_convolutional(net, getattr(net, "input_size", (1, 4, 4)))
    assert all(module.training for module in net.modules())


def test_the_size_of_the_pictures_of_training_must_be_known(rng):
    with pytest.raises(ArgumentError, match=r"Sequential does not say .* give input_size=\(C, H, W\)\."):
        as_fully_convolutional(a_small_net(rng))


def test_a_picture_that_is_smaller_than_in_training_is_refused():
    dense = as_fully_convolutional(models.LeNet5())
    with pytest.raises(ShapeError, match="The smallest picture that FullyConvolutional works on is 28x28"):
        dense(tinyconv.zeros(1, 1, 24, 24))


def test_against_torch(rng):
    torch = pytest.importorskip("torch")
    net = a_small_net(rng)
    conv, first, last = net[0], net[4], net[7]
    layers = conv, first, last
    w = [torch.tensor(np.ascontiguousarray(p.data)) for layer in layers for p in (layer.weight, layer.bias)]
    x = rng.standard_normal((2, 2, 29, 21))
    t = torch.nn.functional
    y = t.max_pool2d(torch.tanh(t.conv2d(torch.tensor(x), w[0], w[1], stride=2)), 2)
    y = t.conv2d(torch.relu(t.conv2d(y, w[2].view(5, 3, 3, 3), w[3])), w[4].view(4, 5, 1, 1), w[5]).mean((2, 3))
    np.testing.assert_allclose(outputs(as_fully_convolutional(net, (2, 13, 13)), x), y.numpy(), rtol=1e-10)
