"""Resize, ScaleJitter, RandomResizedCrop: by hand, beside Pillow and torchvision, and within what they were given."""

import importlib.util
import json

import numpy as np
import pytest
from PIL import Image

from tinyconv.data import RandomResizedCrop, Resize, ScaleJitter, transform_from_dict
from tinyconv.data.transforms.resized_crop import TRIES, random_boxes
from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError

SIZES = [
    ((30, 30), (22, 22)),
    ((7, 9), (20, 31)),
    ((50, 13), (9, 12)),
    ((8, 8), (8, 8)),
    ((1, 3), (4, 5)),
    ((40, 3), (1, 1)),
]


def line(*pixels, dtype=np.uint8):
    return np.array(pixels, dtype).reshape(1, 1, 1, -1)


def pillows(images, size, method):
    """Every picture through Pillow; its order is (width, height), and channels come last."""
    h, w = size
    resize = [Image.fromarray(x.transpose(1, 2, 0)).resize((w, h), method) for x in images]
    return np.stack([np.asarray(picture).transpose(2, 0, 1) for picture in resize])


# ---------------------------------------------------------------- by hand


def test_half_the_size_averages_four_pixels_unequally():
    """Weights 1/8, 3/8, 3/8, 1/8 of the pixels around; what lies outside is left out: 3/7, 3/7, 1/7."""
    y = Resize((1, 3))(line(0, 56, 112, 168, 224, 8, dtype=np.float32))
    np.testing.assert_allclose(
        y.ravel(), [(3 * 56 + 112) / 7, (56 + 3 * 112 + 3 * 168 + 224) / 8, (168 + 3 * 224 + 24) / 7]
    )


def test_twice_the_size_puts_pixels_at_quarters():
    np.testing.assert_array_equal(Resize((1, 6))(line(0, 100, 200)).ravel(), [0, 25, 75, 125, 175, 200])
    np.testing.assert_array_equal(
        Resize((6, 1))(line(0, 100, 200).transpose(0, 1, 3, 2)).ravel(), [0, 25, 75, 125, 175, 200]
    )


def test_without_antialiasing_pixels_are_left_out():
    y = Resize((1, 2), antialias=False)(line(10, 20, 30, 40, 50, 60, 70, 80))
    assert y.ravel().tolist() == [25, 65]  # at 2 and 6, half way between two pixels; the weights of Pillow: 23, 67
    assert Resize((1, 2))(line(10, 20, 30, 40, 50, 60, 70, 80)).ravel().tolist() == [29, 61]


def test_halves_are_rounded_upwards():
    assert Resize((1, 1))(line(2, 3)).ravel().tolist() == [3]
    assert Resize((1, 1))(line(3, 4)).ravel().tolist() == [4]


def test_nearest_takes_the_pixel_under_the_centre():
    x = line(0, 1, 2, 3, 4, 5)
    assert Resize((1, 3), "nearest")(x).ravel().tolist() == [1, 3, 5]
    assert Resize((1, 4), "nearest")(x).ravel().tolist() == [0, 2, 3, 5]
    assert Resize((1, 9), "nearest")(x).ravel().tolist() == [0, 1, 1, 2, 3, 3, 4, 5, 5]


@pytest.mark.parametrize(
    ("old", "size", "new"),
    [((4, 6), 2, (2, 3)), ((6, 4), 2, (3, 2)), ((3, 5), 2, (2, 3)), ((5, 5), 7, (7, 7)), ((3, 5), (5, 3), (5, 3))],
)
def test_the_shortest_side(old, size, new):
    assert Resize(size)(np.zeros((2, 3, *old), np.uint8)).shape == (2, 3, *new)


def test_pictures_of_different_sizes():
    pictures = [np.full((3, 4, 8), 10, np.uint8), np.full((3, 9, 3), 20, np.uint8)]
    assert [y.shape for y in Resize(2)(pictures)] == [(3, 2, 4), (3, 6, 2)]
    y = Resize((5, 4))(pictures)
    np.testing.assert_array_equal(y, np.broadcast_to(np.reshape([10, 20], (2, 1, 1, 1)), (2, 3, 5, 4)))


# ---------------------------------------------------------------- beside others


@pytest.mark.parametrize(("old", "new"), SIZES)
def test_pillow(rng, old, new):
    x = rng.integers(0, 256, (2, 3, *old), np.uint8)
    theirs = pillows(x, new, Image.Resampling.BILINEAR)
    assert np.abs(Resize(new)(x).astype(int) - theirs).max() <= 1
    smooth = np.linspace(0, 1, x.size).reshape(x.shape)
    expected = np.stack(
        [
            [np.asarray(Image.fromarray(c.astype(np.float32)).resize(new[::-1], Image.Resampling.BILINEAR)) for c in p]
            for p in smooth
        ]
    )
    np.testing.assert_allclose(Resize(new)(smooth), expected, atol=1e-6)


@pytest.mark.long  # torchvision takes seconds to load
@pytest.mark.parametrize(("old", "new"), SIZES[:-1])  # at a single pixel PyTorch fails an assertion of its own
def test_torchvision(rng, old, new):
    if any(importlib.util.find_spec(package) is None for package in ("torch", "torchvision", "timm")):
        pytest.skip("PyTorch, torchvision or timm is not installed")
    from zoo.receipts import packages

    packages()
    import torch
    from torchvision.transforms.v2 import functional

    x = rng.integers(0, 256, (2, 3, *old), np.uint8)
    for antialias in (True, False):
        theirs = functional.resize(torch.tensor(x), list(new), antialias=antialias).numpy()
        assert np.abs(Resize(new, antialias=antialias)(x).astype(int) - theirs).max() <= 1
        theirs = functional.resize(torch.tensor(x / 255), list(new), antialias=antialias).numpy()
        np.testing.assert_allclose(Resize(new, antialias=antialias)(x / 255), theirs, atol=1e-6)
    exact = functional.InterpolationMode.NEAREST_EXACT
    np.testing.assert_array_equal(
        Resize(new, "nearest")(x), functional.resize(torch.tensor(x), list(new), exact).numpy()
    )


# ---------------------------------------------------------------- ScaleJitter


def test_scale_jitter_draws_every_length_equally_often(rng):
    y = ScaleJitter(3, 5)(np.zeros((600, 1, 2, 4), np.uint8), rng)
    assert isinstance(y, list)
    shapes, counts = np.unique([x.shape for x in y], axis=0, return_counts=True)
    assert shapes.tolist() == [[1, 3, 6], [1, 4, 8], [1, 5, 10]]
    assert 140 < counts.min() <= counts.max() < 260  # 200 each; the deviation is 12


def test_scale_jitter_of_one_length_is_resize(rng):
    x = rng.integers(0, 256, (2, 3, 7, 9), np.uint8)
    np.testing.assert_array_equal(ScaleJitter(5, 5)(x), Resize(5)(x))
    np.testing.assert_array_equal(ScaleJitter(5, 5, "nearest")(x), Resize(5, "nearest")(x))


# ---------------------------------------------------------------- RandomResizedCrop

SCALE, RATIO = (0.08, 1), (3 / 4, 4 / 3)


def test_a_box_by_hand():
    """A quarter of 8 x 16 has 32 pixels; twice as wide as high it is 4 x 8."""
    tries = np.full((1, TRIES, 2), [0.25, 1.0])
    box = random_boxes(np.array([[8, 16]]), (0, 1), (1 / 2, 2), tries, np.array([[0.5, 0.99]]))
    assert box.tolist() == [[2, 8, 4, 8]]  # rows 0 to 4 and columns 0 to 8 are possible: 0.5 * 5, 0.99 * 9


def test_the_first_try_that_fits():
    tries = np.full((1, TRIES, 2), [1.0, 1.0])  # the whole area, twice as wide as high: not in a square
    tries[0, 3:] = [0.5, 1.0]
    tries[0, 4:] = [0.02, 0.5]
    box = random_boxes(np.array([[10, 10]]), (0, 1), (1 / 2, 2), tries, np.zeros((1, 2)))
    assert box.tolist() == [[0, 0, 5, 10]]


@pytest.mark.parametrize(
    ("size", "expected"),
    [((10, 100), [0, 43, 10, 13]), ((100, 10), [43, 0, 13, 10]), ((10, 10), [0, 0, 10, 10]), ((1, 5), [0, 2, 1, 1])],
)
def test_the_middle_if_nothing_fits(size, expected):
    tries = np.full((1, TRIES, 2), [1.0, 0.0 if size[0] < size[1] else 1.0])
    box = random_boxes(np.array([size]), (1.1, 1.1), RATIO, tries, np.zeros((1, 2)))
    assert box.tolist() == [expected]


@pytest.mark.parametrize(("size", "expected"), [((10, 100), [0, 35, 10, 30]), ((100, 10), [40, 0, 20, 10])])
def test_the_middle_keeps_to_the_ratio_on_its_side(size, expected):
    """From 1/2 to 3: at most three times as wide as high, and twice as high as wide."""
    tries = np.full((1, TRIES, 2), 1.0)
    assert random_boxes(np.array([size]), (1.1, 1.1), (1 / 2, 3), tries, np.zeros((1, 2))).tolist() == [expected]


def test_boxes_keep_to_what_was_given(rng):
    boxes = random_boxes(
        np.tile((300, 300), (4000, 1)), SCALE, RATIO, rng.random((4000, TRIES, 2)), rng.random((4000, 2))
    )
    top, left, h, w = boxes.T
    assert boxes[:, :2].min() >= 0 and (top + h).max() <= 300 and (left + w).max() <= 300
    area, ratio = h * w / 90000, w / h
    assert 0.079 < area.min() < 0.1
    assert area.max() > 0.9
    assert 0.74 < ratio.min() < 0.76 and 1.32 < ratio.max() < 1.35
    assert abs(np.log(ratio[area < 0.5]).mean()) < 0.02  # as often below 1 as above; the deviation is 0.004
    assert abs(np.mean(top / np.maximum(300 - h, 1)) - 0.5) < 0.03


def test_the_piece_is_what_is_resized(rng):
    """Pixels beside the piece do not count: as if it were cut out first."""
    x = rng.integers(0, 256, (40, 3, 20, 24), np.uint8)
    u = np.random.default_rng(5).random((40, TRIES + 1, 2))
    boxes = random_boxes(np.tile((20, 24), (40, 1)), SCALE, RATIO, u[:, :TRIES], u[:, TRIES])
    y = RandomResizedCrop((6, 5))(x, np.random.default_rng(5))
    near = RandomResizedCrop((6, 5), interpolation="nearest")(x, np.random.default_rng(5))
    for n, (top, left, h, w) in enumerate(boxes.tolist()):
        piece = x[n : n + 1, :, top : top + h, left : left + w]
        assert np.abs(y[n].astype(int) - pillows(piece, (6, 5), Image.Resampling.BILINEAR)[0]).max() <= 1
        np.testing.assert_array_equal(near[n], Resize((6, 5), "nearest")(piece)[0])


def test_a_list_gives_the_same_as_an_array(rng):
    x = rng.random((4, 3, 9, 8), dtype=np.float32)
    for t in (RandomResizedCrop(5), Resize((4, 7)), Resize(12, antialias=False), ScaleJitter(4, 8, "nearest")):
        y, z = t(x, np.random.default_rng(1)), t(list(x), np.random.default_rng(1))
        assert all(np.array_equal(a, b) and a.dtype == b.dtype == np.float32 for a, b in zip(y, z, strict=True))


# ---------------------------------------------------------------- no pictures, bad arguments


def test_no_pictures():
    assert Resize(3)(np.zeros((0, 3, 5, 6), np.uint8)).shape == (0, 3, 3, 3)
    assert RandomResizedCrop(3)(np.zeros((0, 3, 5, 6), np.uint8)).shape == (0, 3, 3, 3)
    assert len(ScaleJitter(3, 4)(np.zeros((0, 3, 5, 6), np.uint8))) == 0


def test_pictures_without_pixels():
    for t in (Resize(3), ScaleJitter(3, 4), RandomResizedCrop(3)):
        with pytest.raises(ShapeError, match=f"{type(t).__name__}: a picture is 0x4: it has no pixels"):
            t(np.zeros((1, 1, 0, 4), np.uint8))
        with pytest.raises(ShapeError, match="a picture is 4x0"):
            t([np.zeros((1, 4, 4)), np.zeros((1, 4, 0))])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Resize(0), "Resize: size is 0; it must be a whole number of at least 1"),
        (lambda: Resize((3, 0)), "Resize: size is .3, 0.; it must be a whole number, or a pair"),
        (lambda: Resize("3"), "Resize: size is '3'"),
        (lambda: Resize(3, antialias=1), "Resize: antialias is 1; it must be True or False"),
        (lambda: ScaleJitter(0), "ScaleJitter: low is 0; it must be a whole number of at least 1"),
        (lambda: ScaleJitter(3, 2.5), "ScaleJitter: high is 2.5"),
        (lambda: ScaleJitter(3, 2), "low is 3 and high is 2; low must not be above high"),
        (lambda: RandomResizedCrop(0), "RandomResizedCrop: size is 0"),
        (lambda: RandomResizedCrop(3, 0.5), "scale is 0.5; it must be a pair .lowest, highest. of numbers from 0 to 1"),
        (lambda: RandomResizedCrop(3, (0.5, 1.5)), "scale is .0.5, 1.5."),
        (lambda: RandomResizedCrop(3, (0.5, 0.4)), "scale is .0.5, 0.4."),
        (lambda: RandomResizedCrop(3, ratio=(0, 1)), "ratio is .0, 1.; it must be a pair .* from 0.001 to 1000"),
        (lambda: RandomResizedCrop(3, ratio=(1, float("inf"))), "ratio is .1, inf."),
    ],
)
def test_arguments_that_cannot_be(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


@pytest.mark.parametrize("make", [Resize, ScaleJitter, RandomResizedCrop])
def test_interpolations_that_there_are_not(make):
    with pytest.raises(UnknownNameError, match=f"{make.__name__}: there is no interpolation 'bicubic'"):
        make(3, interpolation="bicubic")


def test_through_json_and_back():
    for t in (Resize(3), Resize((3, 4), "nearest", False), ScaleJitter(3, 4), RandomResizedCrop(3, (0.5, 1))):
        assert transform_from_dict(json.loads(json.dumps(t.to_dict()))) == t
