"""Cutout, Mixup and Standardize: by hand, and within what they were given."""

import json

import numpy as np
import pytest

from tinyconv.data import Cutout, Mixup, Normalize, Standardize, transform_from_dict
from tinyconv.errors import ArgumentError, DTypeError, ShapeError


class Draws:
    """A generator with fixed answers."""

    def __init__(self, numbers=(), share=None, order=None):
        self.numbers, self.share, self.order = numbers, share, order

    def random(self, shape):
        return np.resize(self.numbers, shape)

    def beta(self, a, b):
        assert a == b
        return self.share

    def permutation(self, N):
        return np.array(self.order)


# ---------------------------------------------------------------- Cutout


@pytest.mark.parametrize(
    ("size", "u", "rows", "columns"),
    [
        (1, (0.0, 0.99), [0], [4]),
        (3, (0.5, 0.5), [1, 2, 3], [1, 2, 3]),  # about pixel (2, 2) of 4 x 5
        (2, (0.5, 0.5), [1, 2], [1, 2]),
        (3, (0.0, 0.99), [0, 1], [3, 4]),
        ((1, 4), (0.99, 0.2), [3], [0, 1, 2]),
        (20, (0.3, 0.3), [0, 1, 2, 3], [0, 1, 2, 3, 4]),
    ],
)
def test_what_is_hidden(size, u, rows, columns):
    x = np.full((2, 3, 4, 5), 200, np.uint8)
    expected = x.copy()
    expected[:, :, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = 7
    np.testing.assert_array_equal(Cutout(size, fill=7)(x, Draws(u)), expected)
    assert (x == 200).all()


def test_every_pixel_is_the_centre_equally_often(rng):
    hidden = Cutout(1)(np.ones((5000, 1, 4, 5), np.float32), rng) == 0
    assert (hidden.sum((1, 2, 3)) == 1).all()
    counts = hidden.sum((0, 1))
    assert 180 < counts.min() <= counts.max() < 330  # 250 each; the deviation is 15


def test_of_pictures_of_different_sizes(rng):
    pictures = [np.ones((3, 4, 9), np.float32), np.ones((1, 6, 2), np.float32)]
    y = Cutout(1)(pictures, rng)
    assert [x.shape for x in y] == [x.shape for x in pictures]
    assert [int((x == 0).sum()) for x in y] == [3, 1]
    assert all((x == 1).all() for x in pictures)


# ---------------------------------------------------------------- Mixup


def test_mixup_by_hand():
    x = np.array([0, 51, 255], np.uint8).reshape(3, 1, 1, 1)
    y, t = Mixup(1, 4)(x, np.array([0, 3, 1]), Draws(share=0.75, order=[2, 1, 0]))
    assert y.dtype == t.dtype == np.float32
    np.testing.assert_allclose(y.ravel(), [0.25, 0.2, 0.75], rtol=1e-6)
    np.testing.assert_array_equal(t, [[0.75, 0.25, 0, 0], [0, 0, 0, 1], [0.25, 0.75, 0, 0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mixup_after_normalize(rng, dtype):
    """No number is cut off, and float32 stays float32."""
    x = rng.normal(0, 2, (5, 3, 4, 4)).astype(dtype)
    y, _ = Mixup(1, 2)(x, np.zeros(5, int), Draws(share=0.3, order=[1, 2, 3, 4, 0]))
    assert y.dtype == dtype
    np.testing.assert_allclose(y, 0.3 * x + 0.7 * np.roll(x, -1, 0), atol=1e-6)


def test_mixup_commutes_with_normalize(rng):
    x, labels = rng.integers(0, 256, (6, 3, 4, 4), np.uint8), rng.integers(0, 3, 6)
    normalize, mix = Normalize([0.4, 0.5, 0.6], [0.2, 0.3, 0.1]), Mixup(0.4, 3)
    y, t = mix(normalize(x), labels, np.random.default_rng(1))
    z, s = mix(x, labels, np.random.default_rng(1))
    np.testing.assert_allclose(y, normalize(z), atol=1e-5)
    np.testing.assert_array_equal(t, s)


@pytest.mark.parametrize("alpha", [0.2, 1, 5])
def test_the_share_is_drawn_from_a_beta_distribution(rng, alpha):
    """Its mean is 1/2, its variance 1 / (4 (2 alpha + 1)); one share a batch."""
    x, labels = np.array([0.0, 1.0]).reshape(2, 1, 1, 1), np.array([0, 1])
    shares = []
    for _ in range(600):
        y, t = Mixup(alpha, 2)(x, labels, rng)
        np.testing.assert_allclose(t, np.stack([1 - y.ravel(), y.ravel()], 1), atol=1e-7)
        if y[0] == 0:  # not mixed: each is its own partner
            continue
        shares.append(1 - y[0].item())
        np.testing.assert_allclose(y[1], shares[-1], atol=1e-7)
    assert 230 < len(shares) < 370
    assert abs(np.mean(shares) - 0.5) < 0.12  # the deviation is 0.025 at most
    np.testing.assert_allclose(np.var(shares), 1 / (4 * (2 * alpha + 1)), rtol=0.4)


def test_alpha_0_mixes_nothing(rng):
    x, labels = rng.random((4, 1, 2, 2), dtype=np.float32), np.array([0, 2, 1, 0])
    y, t = Mixup(0, 3)(x, labels)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(t, np.eye(3)[labels])


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (np.zeros(2, int), ShapeError, r"labels have shape \(2,\), expected \(3,\): one for each picture"),
        (np.zeros((3, 4), int), ShapeError, r"labels have shape \(3, 4\)"),
        (np.zeros(3), DTypeError, "labels are float64; they must be an array of whole numbers"),
        ([0, 1, 2], DTypeError, "labels are list"),
        (np.random.default_rng(), DTypeError, r"labels are Generator; .* Give Mixup as DataLoader\(mix=...\)"),
        (np.array([0, 4, 1]), ArgumentError, "labels go from 0 to 4; num_classes 4 allows 0 to 3"),
        (np.array([0, -1, 1]), ArgumentError, "labels go from -1 to 1"),
    ],
)
def test_labels_that_do_not_fit(labels, error, message):
    with pytest.raises(error, match=message):
        Mixup(1, 4)(np.zeros((3, 1, 2, 2), np.uint8), labels)


def test_pictures_that_cannot_be_mixed():
    with pytest.raises(ShapeError, match="Mixup: the pictures have different sizes"):
        Mixup(1, 4)([np.zeros((1, 2, 2)), np.zeros((1, 2, 3))], np.array([0, 1]))
    with pytest.raises(ShapeError, match=r"Mixup: images have shape \(2, 2\)"):
        Mixup(1, 4)(np.zeros((2, 2)), np.array([0, 1]))


# ---------------------------------------------------------------- Standardize


def test_standardize_by_hand():
    x = np.array([0, 0, 255, 255, 51, 51, 51, 51], np.uint8).reshape(2, 1, 1, 4)
    np.testing.assert_allclose(Standardize()(x).reshape(2, 4), [[-1, -1, 1, 1], [0, 0, 0, 0]], atol=1e-6)


def test_a_faint_picture_is_not_blown_up():
    """The deviations 0.01 and 2/255 are less than 1 / sqrt(4)."""
    x = np.array([0.49, 0.51, 0.51, 0.49]).reshape(1, 1, 2, 2)
    np.testing.assert_allclose(Standardize()(x).ravel(), [-0.02, 0.02, 0.02, -0.02], rtol=1e-6)
    x = np.array([98, 102, 102, 98], np.uint8).reshape(1, 1, 2, 2)
    np.testing.assert_allclose(Standardize()(x).ravel(), np.array([-4, 4, 4, -4]) / 255, rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_each_picture_by_itself(rng, dtype):
    x = rng.integers(0, 100, (5, 3, 8, 9), np.uint8) + np.arange(0, 150, 30, dtype=np.uint8)[:, None, None, None]
    x = x if dtype == np.uint8 else (x / 255).astype(dtype)
    y = Standardize()(x)
    assert y.dtype == (np.float64 if dtype == np.float64 else np.float32)
    np.testing.assert_allclose(y.mean((1, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std((1, 2, 3)), 1, rtol=1e-5)
    np.testing.assert_array_equal(y, np.stack(Standardize()(list(x))))
    np.testing.assert_array_equal(y[2:3], Standardize()(x[2:3]))


# ---------------------------------------------------------------- bad arguments


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Cutout(0), "Cutout: size is 0; it must be a whole number, or a pair of them, of at least 1"),
        (lambda: Cutout(2, fill=-1), "Cutout: fill is -1; it must be a number from 0 to 255"),
        (lambda: Mixup(-1, 3), "Mixup: alpha is -1; it must be a number of at least 0"),
        (lambda: Mixup("1", 3), "Mixup: alpha is '1'"),
        (lambda: Mixup(1, 0), "Mixup: num_classes is 0; it must be a whole number of at least 1"),
    ],
)
def test_arguments_that_cannot_be(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_through_json_and_back():
    for t in (Cutout(3), Cutout((3, 4), 0.5), Mixup(0.2, 10), Standardize()):
        assert transform_from_dict(json.loads(json.dumps(t.to_dict()))) == t
