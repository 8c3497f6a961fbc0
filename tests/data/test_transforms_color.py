"""ColorJitter and Lighting: by hand, beside colorsys and torchvision, and within what they were given."""

import colorsys
import importlib.util
import json

import numpy as np
import pytest

import tinyconv
from tinyconv.data import ColorJitter, Dataset, Lighting, transform_from_dict
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.kernels import jitter_colours

IN_ORDER = np.array([[0, 1, 2, 3]])  # brightness, contrast, saturation, hue


def pixels(*colours, dtype=np.uint8):
    """One picture, its pixels in a row: (1, C, 1, W)"""
    return np.array(colours, dtype).T[None, :, None]


def changed(x, brightness=1.0, contrast=1.0, saturation=1.0, hue=0.0, order=IN_ORDER):
    return jitter_colours(x, order, np.array([[brightness, contrast, saturation, hue]]))[0, :, 0].T.tolist()


# ---------------------------------------------------------------- by hand


def test_brightness():
    assert changed(pixels((10, 101, 200)), brightness=1.5) == [[15, 152, 255]]  # 151.5 upwards; 300 cut off
    assert changed(pixels((10, 100, 200)), brightness=0) == [[0, 0, 0]]
    x = pixels((0.25, 0.5, 0.75), dtype=np.float32)
    assert changed(x, brightness=1.5) == [[0.375, 0.75, 1]]


def test_contrast():
    """Greys are 0.299 * 100 = 29.9 and 0.587 * 100 = 58.7; their mean is 44.3."""
    x = pixels((100, 0, 0), (0, 100, 0))
    assert changed(x, contrast=0) == [[44, 44, 44]] * 2
    assert changed(x, contrast=0.5) == [[72, 22, 22], [22, 72, 22]]  # 72.15 and 22.15
    assert changed(x, contrast=2) == [[156, 0, 0], [0, 156, 0]]  # 155.7


def test_saturation():
    x = pixels((100, 0, 0), (0, 100, 0), (50, 50, 50))
    assert changed(x, saturation=0) == [[30, 30, 30], [59, 59, 59], [50, 50, 50]]
    assert changed(x, saturation=1.5) == [[135, 0, 0], [0, 121, 0], [50, 50, 50]]  # 150 - 14.95, 150 - 29.35


def test_hue():
    x = pixels((200, 0, 0), (0, 200, 100), (7, 7, 7), (0, 0, 0))
    assert changed(x, hue=1 / 3) == [[0, 200, 0], [100, 0, 200], [7, 7, 7], [0, 0, 0]]
    assert changed(x, hue=-1 / 3) == [[0, 0, 200], [200, 100, 0], [7, 7, 7], [0, 0, 0]]
    assert changed(x, hue=1 / 6) == [[200, 200, 0], [0, 100, 200], [7, 7, 7], [0, 0, 0]]
    assert changed(x, hue=0.5) == [[0, 200, 200], [200, 0, 100], [7, 7, 7], [0, 0, 0]]


def test_the_order_counts():
    x = pixels((200, 0, 0), (0, 0, 0))  # greys 59.8 and 0, their mean 29.9
    assert changed(x, brightness=2, contrast=0.5)[0] == [147, 19, 19]  # 255, grey 76.245: 127.5 + 19.06
    assert changed(x, brightness=2, contrast=0.5, order=np.array([[1, 0, 2, 3]]))[0] == [230, 30, 30]  # 2 (100 + 14.95)


def test_between_two_changes_nothing_is_rounded():
    assert changed(pixels((1, 1, 1)), brightness=0.4, contrast=1, saturation=0.5) == [[0, 0, 0]]
    x = np.full((1, 1, 1, 1), 3, np.uint8)
    assert jitter_colours(x, IN_ORDER, np.array([[0.5, 1, 1, 0]])).item() == 2
    twice = jitter_colours(x, np.array([[0, 0, 1, 2]]), np.array([[0.5, 1, 1, 0]]))
    assert twice.item() == 1  # 3 -> 1.5 -> 0.75; rounded each time 3 -> 2 -> 1 too
    x = np.full((1, 1, 1, 1), 5, np.uint8)
    assert jitter_colours(x, np.array([[0, 0, 1, 2]]), np.array([[0.5, 1, 1, 0]])).item() == 1  # 1.25; 3 -> 1.5 is 2


# ---------------------------------------------------------------- beside others


def test_hue_is_that_of_colorsys(rng):
    x = rng.random((1, 3, 5, 40))
    for f in (-0.5, -0.31, 0.004, 0.27, 0.5):
        expected = np.empty_like(x)
        for i, j in np.ndindex(5, 40):
            h, s, v = colorsys.rgb_to_hsv(*x[0, :, i, j])
            expected[0, :, i, j] = colorsys.hsv_to_rgb((h + f) % 1, s, v)
        np.testing.assert_allclose(jitter_colours(x, IN_ORDER, np.array([[1, 1, 1, f]])), expected, atol=1e-12)


@pytest.mark.long  # torchvision takes seconds to load
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "hue"])
@pytest.mark.parametrize("channels", [1, 3])
def test_torchvision(rng, name, channels):
    if any(importlib.util.find_spec(package) is None for package in ("torch", "torchvision", "timm")):
        pytest.skip("PyTorch, torchvision or timm is not installed")
    from zoo.receipts import packages

    packages()
    import torch
    from torchvision.transforms.v2 import functional

    change = getattr(functional, f"adjust_{name}")
    for f in (-0.5, -0.2, 0.1, 0.5) if name == "hue" else (0, 0.5, 1.3, 2.5):
        ours = ColorJitter(**{name: (f, f)})
        x = rng.random((2, channels, 20, 30), dtype=np.float32)
        np.testing.assert_allclose(ours(x), change(torch.tensor(x), f).numpy(), atol=3e-4)  # theirs: 0.2989 for red
        x = rng.integers(0, 256, x.shape, np.uint8)
        theirs = change(torch.tensor(x), f).numpy().astype(int)
        assert np.abs(ours(x) - theirs).max() <= 2  # they cut off instead of rounding, greys and results


# ---------------------------------------------------------------- what is drawn


def test_factors_are_drawn_evenly_from_their_intervals(rng):
    x = np.full((4000, 1, 1, 1), 0.25, np.float64)
    f = ColorJitter(brightness=0.4)(x, rng).ravel() / 0.25
    assert 0.6 <= f.min() < 0.61 and 1.39 < f.max() <= 1.4
    assert abs(f.mean() - 1) < 0.02  # the deviation is 0.0037
    f = ColorJitter(brightness=(2, 3))(x, rng).ravel() / 0.25
    assert 2 <= f.min() < 2.02 and 2.98 < f.max() <= 3
    f = ColorJitter(brightness=3)(x, rng).ravel() / 0.25  # [max(0, 1 - 3), 1 + 3]
    assert f.min() < 0.01 and f.max() > 3.98


def test_intervals_around_1_begin_at_0_at_least():
    t = ColorJitter(3, 0.25, (2, 3), 0.25)
    assert (t.brightness, t.contrast, t.saturation, t.hue) == ((0, 4), (0.75, 1.25), (2, 3), (-0.25, 0.25))


def test_every_engine_gives_the_same_bits(rng):
    """Nothing is fused or reordered, so that no grey level depends on the engine."""
    x, t = rng.random((2, 3, 48, 64), dtype=np.float32), ColorJitter(0.4, 0, 0.4, 0.1)
    expected = t(x, np.random.default_rng(1))
    with tinyconv.engine("numpy"):
        np.testing.assert_array_equal(t(x, np.random.default_rng(1)), expected)


def test_hues_are_drawn_evenly(rng):
    x = np.zeros((4000, 3, 1, 1))
    x[:, 0] = 1
    y = ColorJitter(hue=0.1)(x, rng)[..., 0, 0]
    turns = (y[:, 1] - y[:, 2]) / 6  # towards green or blue
    assert -0.1 <= turns.min() < -0.099 and 0.099 < turns.max() <= 0.1
    assert abs(turns.mean()) < 0.005  # the deviation is 0.0009
    assert np.all(y[:, 0] == 1)


def test_every_order_is_drawn_equally_often(rng):
    """Brightness 2 and contrast 1/2 of one grey pixel: the contrast leaves it; red shows which came first."""
    x = np.repeat(pixels((200, 0, 0), (0, 0, 0)), 3000, 0)
    red = ColorJitter(brightness=(2, 2), contrast=(0.5, 0.5))(x, rng)[:, 0, 0, 0]
    values, counts = np.unique(red, return_counts=True)
    assert values.tolist() == [147, 230]
    assert counts.min() > 1360  # 1500 each; the deviation is 27


def test_nothing_to_change_changes_nothing(rng):
    x = rng.integers(0, 256, (4, 3, 5, 6), np.uint8)
    y = ColorJitter()(x)
    np.testing.assert_array_equal(y, x)
    assert not np.shares_memory(y, x)


def test_grey_pictures_have_neither_saturation_nor_hue(rng):
    x = rng.integers(0, 256, (4, 1, 5, 6), np.uint8)
    np.testing.assert_array_equal(ColorJitter(saturation=1, hue=0.5)(x), x)
    assert (ColorJitter(contrast=(0, 0))(x) == np.floor(x.mean((1, 2, 3), keepdims=True) + 0.5)).all()


# ---------------------------------------------------------------- Lighting


def test_lighting_moves_all_pixels_along_the_eigenvectors(rng):
    x = np.full((3000, 3, 2, 2), 0.5)
    y = Lighting(0.1)(x, rng)
    assert np.ptp(y, (2, 3)).max() == 0
    along = (y[:, :, 0, 0] - 0.5) @ np.array(Lighting().eigenvectors)  # (N, 3): they are orthonormal, to 1e-4
    np.testing.assert_allclose(along.std(0), [0.02175, 0.00188, 0.00045], rtol=0.07)  # the deviation is 0.013
    assert np.abs(along.mean(0) / along.std(0)).max() < 0.1
    assert np.abs(np.corrcoef(along.T) - np.eye(3)).max() < 0.1


def test_lighting_by_hand():
    class Ones:
        def standard_normal(self, shape):
            return np.ones(shape)

    t = Lighting(0.5, [0.2, 0.1], [[0.6, -0.8], [0.8, 0.6]])  # 0.1 (0.6, 0.8) + 0.05 (-0.8, 0.6) = (0.02, 0.11)
    y = t(np.array([[0.5, 0.95]] * 2).reshape(1, 2, 1, 2), Ones())
    np.testing.assert_allclose(y[0, :, 0], [[0.52, 0.97], [0.61, 1]])
    y = t(np.array([[100, 250]] * 2, np.uint8).reshape(1, 2, 1, 2), Ones())
    assert y[0, :, 0].tolist() == [[105, 255], [128, 255]]  # 5.1 and 28.05 more


def test_lighting_of_a_data_set(rng):
    """Colours made from three independent amounts along known directions."""
    directions, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    colours = rng.uniform(-1, 1, (600, 8, 8, 3)) * [0.25, 0.1, 0.02] @ directions.T + 0.5
    images = np.rint(255 * np.moveaxis(colours, -1, 1)).clip(0, 255).astype(np.uint8)
    for x in (images, images / 255):
        t = Lighting.of(Dataset(x, np.zeros(600, int), 1), std=0.3)
        assert t.std == 0.3
        np.testing.assert_allclose(t.eigenvalues, np.square([0.25, 0.1, 0.02]) / 3, rtol=0.05)
        overlap = np.abs(np.array(t.eigenvectors).T @ directions)
        np.testing.assert_allclose(overlap, np.eye(3), atol=0.03)
        expected = np.cov(np.moveaxis(images / 255, 1, 0).reshape(3, -1), bias=True)
        vectors = np.array(t.eigenvectors)
        np.testing.assert_allclose(vectors @ np.diag(t.eigenvalues) @ vectors.T, expected, atol=1e-12)


def test_lighting_of_nothing():
    class Nothing:
        def __len__(self):
            return 0

    with pytest.raises(ArgumentError, match="Lighting.of: the data set has no pixels"):
        Lighting.of(Nothing())


# ---------------------------------------------------------------- bad arguments


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ColorJitter(-0.1), "brightness is -0.1; it must be a number of at least 0"),
        (
            lambda: ColorJitter(contrast="much"),
            "contrast is 'much'; it must be a pair .lowest, highest. of numbers of at",
        ),
        (lambda: ColorJitter(saturation=(1, 0.5)), "saturation is .1, 0.5."),
        (lambda: ColorJitter(saturation=(-1, 0.5)), "saturation is .-1, 0.5.; .* of at least 0"),
        (lambda: ColorJitter(brightness=float("nan")), "brightness is nan"),
        (lambda: ColorJitter(hue=0.6), "hue is 0.6; it must be a number from 0 to 0.5"),
        (lambda: ColorJitter(hue=(-0.6, 0)), "hue is .-0.6, 0.; it must be a pair .* from -0.5 to 0.5"),
        (lambda: ColorJitter(hue=(0.1, 0.2, 0.3)), "hue is .0.1, 0.2, 0.3."),
        (lambda: Lighting(-1), "std is -1; it must be a number of at least 0"),
        (lambda: Lighting(0.1, [1, 2]), r"eigenvalues have shape \(2,\), eigenvectors \(3, 3\); they must be \(C,\)"),
        (lambda: Lighting(0.1, [[1]], [[1]]), "they must be"),
        (lambda: Lighting(0.1, "abc"), "eigenvalues is 'abc'; it must be an array of numbers"),
        (lambda: Lighting(0.1, eigenvectors=[[1], [2, 3]]), "eigenvectors is .* must be an array"),
    ],
)
def test_arguments_that_cannot_be(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_channels_that_do_not_fit():
    with pytest.raises(ShapeError, match="ColorJitter: a picture has 2 channels, expected 1 or 3"):
        ColorJitter(0.5)(np.zeros((1, 2, 4, 4), np.uint8))
    with pytest.raises(ShapeError, match="Lighting: a picture has 1 channels, expected 3"):
        Lighting()([np.zeros((3, 4, 4), np.uint8), np.zeros((1, 4, 4), np.uint8)])


def test_through_json_and_back():
    for t in (ColorJitter(0.1, (0.5, 2), 0, 0.2), Lighting(0.2), Lighting(1, [1.0], [[1.0]])):
        assert transform_from_dict(json.loads(json.dumps(t.to_dict()))) == t
