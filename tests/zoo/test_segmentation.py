"""A class for every pixel: the fully convolutional nets and the pyramid scene parsing net."""

import numpy as np
import pytest

import tinyconv as tc
import tinyconv.nn.functional as F
from tinyconv import models, nn, optim, train
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.models.fcn import twice
from tinyconv.models.pspnet import PyramidPooling, dilate
from zoo.scenes import scenes, small_features

# ---------------------------------------------------------------- all of them


@pytest.mark.parametrize("name", models.names("segmentation"))
@pytest.mark.parametrize("size", [(64, 64), (65, 89)])
def test_scores_have_the_pictures_size(name, size):
    """Of a batch without pictures, which goes through all layers at no cost."""
    options = {"hidden": 4} if name.startswith("fcn") else {}
    net = models.create(name, num_classes=3, in_channels=1, width=4, **options).eval()
    with tc.no_grad():
        assert net(tc.zeros(0, 1, *size)).shape == (0, 3, *size)


def small_fcn(stride, **options):
    return models.FCN(small_features(16, 32, 64, 64, 64), stride, 11, hidden=64, dropout=0.0, **options)


def learned(net, steps):
    """Two scenes by heart: the report on them."""
    s = scenes(2)
    optimizer = optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        net.loss(net(s.images), s.pixels).backward()
        optimizer.step()
    return train.evaluate_segmentation(net, [(s.images, s.pixels)])


def test_fcn_learns_scenes_by_heart():
    tc.manual_seed(1)
    report = learned(small_fcn(8), 50)
    assert report.mean_iou > 0.6
    assert report.pixel_accuracy > 0.92


@pytest.mark.long
def test_finer_scores_see_more_detail():
    """Table 3 of the paper: 8s before 16s before 32s."""
    iou = []
    for stride in (8, 16, 32):
        tc.manual_seed(1)
        iou.append(learned(small_fcn(stride), 80).mean_iou)
    assert iou[0] > iou[1] + 0.1
    assert iou[1] > iou[2] + 0.1


@pytest.mark.long
def test_pspnet_learns_scenes_by_heart():
    tc.manual_seed(1)
    report = learned(models.PSPNet((1, 1, 1, 1), 11, 1, width=8, dropout=0.0), 50)
    assert report.mean_iou > 0.6
    assert report.pixel_accuracy > 0.92


# ---------------------------------------------------------------- FCN


def test_twice_as_many_rows_begins_as_interpolation(rng):
    """Inside; at the edge the convolution mixes zeros in. Between classes there is nothing."""
    x = tc.tensor(rng.standard_normal((2, 3, 5, 6)).astype(np.float32))
    y, expected = twice(3)(x).detach().numpy(), F.interpolate(x, scale_factor=2, mode="bilinear").numpy()
    assert y.shape == expected.shape
    np.testing.assert_allclose(y[:, :, 1:-1, 1:-1], expected[:, :, 1:-1, 1:-1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(y[:, :, 0, 0], 9 / 16 * x.numpy()[:, :, 0, 0], rtol=1e-6)


@pytest.mark.parametrize(("stride", "expected"), [(32, 1.0), (16, 1.0 + 20.0), (8, 1.0 + 20.0 + 300.0)])
def test_scores_of_several_poolings_are_added(stride, expected):
    """At first the weights of all scores are 0, so their biases, 1, 20 and 300, are added up, away from the edge."""
    net = models.FCN(small_features(2, 2, 2, 2, 2), stride, num_classes=2, hidden=3).eval()
    nn.init.constant_(net.score.bias, 1)
    if stride <= 16:
        nn.init.constant_(net.score4.bias, 20)
    if stride == 8:
        nn.init.constant_(net.score3.bias, 300)
    y = net(tc.ones(1, 1, 256, 256)).detach().numpy()
    np.testing.assert_allclose(y[:, :, 96:160, 96:160], expected, rtol=1e-6)


def test_dense_layers_of_a_classifier_fit_as_filters(rng):
    """In the middle of 7x7 features, where the filters of fc6 see all of them, FCN says what the classifier says."""
    features = small_features(2, 2, 3, 3, 4)
    dense = nn.Sequential(nn.Flatten(), nn.Linear(4 * 49, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 5))
    net = models.FCN(features, 32, num_classes=5, hidden=8).eval()
    for name, layer in (("fc6", dense[1]), ("fc7", dense[3]), ("score", dense[5])):
        filters = net.score if name == "score" else getattr(net.dense, name)
        state = {"weight": layer.weight.detach().numpy().reshape(filters.weight.shape), "bias": layer.bias.detach()}
        filters.load_state_dict(state)
    x = tc.tensor(rng.standard_normal((2, 1, 224, 224)).astype(np.float32))
    scores = net.score(net.dense(features(x)))
    assert scores.shape == (2, 5, 7, 7)
    expected = dense(features(x)).detach().numpy()
    np.testing.assert_allclose(scores.detach().numpy()[:, :, 3, 3], expected, rtol=1e-4, atol=1e-5)


def test_features_keep_the_weights_that_they_were_given_with():
    features = small_features(2, 2, 2, 2, 2)
    before = [p.detach().numpy().copy() for p in features.parameters()]
    models.FCN(features, 8, hidden=2)
    models.FastRCNN(features, 2, 1 / 32, hidden=2)
    for p, old in zip(features.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), old)


def test_loss_leaves_out_pixels_without_a_class():
    """Two classes with scores 0 and ln 3: p = 1/4, 3/4. Of three pixels one counts nothing."""
    scores = tc.tensor(np.broadcast_to(np.log([1.0, 3.0]).reshape(1, 2, 1, 1), (1, 2, 1, 3)).copy())
    labels = np.array([[[0, 1, 255]]], np.uint8)
    expected = (np.log(4) + np.log(4 / 3)) / 2
    assert small_fcn(32).loss(scores, labels).item() == pytest.approx(expected)
    assert small_fcn(32).loss(scores, labels * 0 + [[[0, 1, 7]]], ignore_index=7).item() == pytest.approx(expected)


# ---------------------------------------------------------------- PSPNet


def test_pyramid_pooling_by_hand():
    """Means over everything and over quarters; each level takes one of the two channels and doubles it."""
    layer = PyramidPooling(2, regions=(1, 2)).eval()
    for i, w in enumerate(([2.0, 0.0], [0.0, 2.0])):
        layer.levels[i][1].load_state_dict({"weight": np.array(w).reshape(1, 2, 1, 1)})
        layer.levels[i][2].eps = 0.0
    a = np.arange(16.0, dtype=np.float32).reshape(4, 4)
    y = layer(tc.tensor(np.stack([a, a])[None])).detach().numpy()[0]
    np.testing.assert_array_equal(y[:2], [a, a])
    np.testing.assert_allclose(y[2], 2 * 7.5, rtol=1e-6)
    # the quarters' means are 2.5, 4.5, 10.5, 12.5; their corners stay corners, a third of the way between
    corners = 2 * np.array([[2.5, 4.5], [10.5, 12.5]])
    t = np.array([[1, 0], [2 / 3, 1 / 3], [1 / 3, 2 / 3], [0, 1]])
    np.testing.assert_allclose(y[3], t @ corners @ t.T, rtol=1e-6)


def test_dilation_in_place_of_stride_gives_the_same_where_both_look(rng):
    """With the same weights: at every fourth pixel of the dense maps stands what the net with strides gives."""
    coarse = models.ResNet((1, 1, 2, 2), True, 5, 1, width=4).eval()
    dense = models.ResNet((1, 1, 2, 2), True, 5, 1, width=4).eval()
    dense.load_state_dict(coarse.state_dict())
    dilate(dense.layer3, 1)
    dilate(dense.layer4, 2)
    x = tc.tensor(rng.standard_normal((1, 16, 13, 17)).astype(np.float32))
    with tc.no_grad():
        expected = coarse.layer4(coarse.layer3(coarse.layer2(x))).numpy()
        found = dense.layer4(dense.layer3(dense.layer2(x))).numpy()
    assert expected.shape == (1, 128, 2, 3)
    assert found.shape == (1, 128, 7, 9)
    np.testing.assert_allclose(found[:, :, ::4, ::4], expected, rtol=1e-4, atol=1e-5)


def test_pspnets_auxiliary_scores(rng):
    net = models.PSPNet((1, 1, 1, 1), 3, 1, width=4, dropout=0.0)
    x = tc.tensor(rng.standard_normal((2, 1, 33, 41)).astype(np.float32))
    labels = rng.integers(0, 3, (2, 33, 41))
    labels[0, :5] = 255
    scores, auxiliary = net(x)
    assert scores.shape == auxiliary.shape == (2, 3, 33, 41)

    def entropy(scores):
        p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        n, y, x = np.nonzero(labels != 255)
        return -np.log(p[n, labels[n, y, x], y, x]).mean()

    expected = entropy(scores.detach().numpy()) + 0.4 * entropy(auxiliary.detach().numpy())
    assert net.loss((scores, auxiliary), labels).item() == pytest.approx(expected, rel=1e-5)
    alone = net.eval()(x)
    assert net.loss(alone, labels).item() == pytest.approx(entropy(alone.detach().numpy()), rel=1e-5)


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: small_fcn(4), ArgumentError, "FCN: stride is 4; it must be 32, 16 or 8"),
        (
            lambda: models.FCN(small_features(2, 2, 2), 32),
            ArgumentError,
            "FCN: features has 3 max poolings; it must have five, and end in the last",
        ),
        (
            lambda: models.FCN(nn.Sequential(*small_features(2, 2, 2, 2, 2), nn.ReLU()), 32),
            ArgumentError,
            "it must have five, and end in the last",
        ),
        (
            lambda: small_fcn(8)(tc.zeros(1, 1, 31, 31)),
            ShapeError,
            r"^max_pool2d \(features.14\): .* The smallest picture that FCN works on is 32x32\.",
        ),
        (
            lambda: small_fcn(8).loss(tc.zeros(1, 3, 2, 2), np.zeros((1, 2, 3), int)),
            ShapeError,
            r"target has shape \(1, 2, 3\); input \(1, 3, 2, 2\) needs labels of shape \(1, 2, 2\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
