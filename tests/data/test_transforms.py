"""Normalize: the formula, and the way into a configuration and back."""

import json

import numpy as np
import pytest

from tinyconv import random
from tinyconv.data import (
    MNIST_STATISTICS,
    Compose,
    Dataset,
    Normalize,
    RandomAffine,
    RandomHorizontalFlip,
    transform_from_dict,
)
from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError


def test_by_hand():
    images = np.array([0, 255, 51], np.uint8).reshape(1, 1, 1, 3)  # 0, 1, 0.2
    y = Normalize([0.2], [0.4])(images)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.ravel(), [-0.5, 2, 0], atol=1e-6)
    np.testing.assert_allclose(Normalize(*MNIST_STATISTICS)(images).ravel()[0], -0.1307 / 0.3081, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_each_channel_has_its_own(rng, dtype):
    images = rng.integers(0, 256, (4, 3, 5, 6), np.uint8)
    mean, std = [0.1, 0.2, 0.3], [0.4, 0.5, 0.6]
    x = images if dtype == np.uint8 else (images / 255).astype(dtype)
    before = x.copy()
    y = Normalize(mean, std)(x)
    for c in range(3):
        np.testing.assert_allclose(y[:, c], (images[:, c] / 255 - mean[c]) / std[c], atol=2e-6)
    np.testing.assert_array_equal(x, before)
    assert y.dtype == np.float32


def test_its_statistics_make_mean_0_and_deviation_1(rng):
    images = rng.integers(0, 100, (50, 2, 4, 4), np.uint8)
    y = Normalize(*Dataset(images, np.zeros(50, int), 1).statistics())(images)
    np.testing.assert_allclose(y.mean((0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std((0, 2, 3)), 1, rtol=1e-5)


def test_through_json_and_back():
    transform = Normalize(np.float32([0.25, 0.5]), (1, 2))
    again = transform_from_dict(json.loads(json.dumps(transform.to_dict())))
    assert again == transform == Normalize([0.25, 0.5], [1, 2])


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        ([0.1], [0.0], r"mean is \(0.1,\), std \(0.0,\); .*every std positive"),
        ([0.1, 0.2], [0.3], "they must be as long"),
        (0.1, [0.3], "mean is 0.1; it must be a sequence"),
        ([0.1], [], r"std is \[\]; it must be a sequence"),
        ([float("nan")], [1], "mean is .nan.; it must be"),
        ("ab", [1], "mean is 'ab'; it must be"),
    ],
)
def test_numbers_that_cannot_be(mean, std, message):
    with pytest.raises(ArgumentError, match=message):
        Normalize(mean, std)


def test_images_that_do_not_fit():
    transform = Normalize([0.1], [0.2])
    with pytest.raises(ShapeError, match=r"images have shape \(2, 3, 4, 4\), expected \(N, 1, H, W\)"):
        transform(np.zeros((2, 3, 4, 4), np.uint8))
    with pytest.raises(ShapeError, match=r"images have shape \(28, 28\)"):
        transform(np.zeros((28, 28), np.uint8))
    with pytest.raises(DTypeError, match="images are int64"):
        transform(np.zeros((2, 1, 4, 4), np.int64))


def test_descriptions_that_cannot_be():
    with pytest.raises(UnknownNameError, match="no transform 'Normalise'. Did you mean 'Normalize'"):
        transform_from_dict({"name": "Normalise"})
    with pytest.raises(UnknownNameError, match="no transform 'None'"):
        transform_from_dict({})
    with pytest.raises(ArgumentError, match="does not describe a Normalize: .*'std'"):
        transform_from_dict({"name": "Normalize", "mean": [0.1]})
    with pytest.raises(ArgumentError, match="'gamma'"):
        transform_from_dict({"name": "Normalize", "mean": [0.1], "std": [1], "gamma": 2})


# ---------------------------------------------------------------- Compose and its parts


def test_one_after_the_other_from_one_generator(rng):
    images = rng.integers(0, 256, (8, 1, 6, 6)).astype(np.uint8)
    affine, flip, normalize = RandomAffine(20), RandomHorizontalFlip(), Normalize([0.5], [0.25])
    both = Compose([affine, lambda x: x // 2, flip, normalize])
    g = np.random.default_rng(5)
    np.testing.assert_array_equal(both(images, np.random.default_rng(5)), normalize(flip(affine(images, g) // 2, g)))
    assert both.draws and not Compose([normalize]).draws and not normalize.draws


def test_without_a_generator_they_draw_from_the_stream_of_augmentation():
    images = np.arange(64, dtype=np.uint8).reshape(1, 1, 8, 8)
    random.manual_seed(4)
    y = RandomAffine(20)(images)
    random.manual_seed(4)
    np.testing.assert_array_equal(RandomAffine(20)(images, random.stream("augment")), y)


def test_compose_through_json_and_back():
    t = Compose([RandomAffine(5), Compose([RandomHorizontalFlip()]), Normalize([0.5], [0.25])])
    assert transform_from_dict(json.loads(json.dumps(t.to_dict()))) == t
    with pytest.raises(ArgumentError, match="Compose.to_dict: .* cannot be written to a file; make it a Transform"):
        Compose([np.negative]).to_dict()
    with pytest.raises(ArgumentError, match="Compose: 3 is no transform"):
        Compose([3])
