"""RandomAffine and the flips: by hand, beside torchvision's matrices, and within what they were given."""

import json

import numpy as np
import pytest

from tinyconv.data import RandomAffine, RandomHorizontalFlip, RandomVerticalFlip, transform_from_dict
from tinyconv.data.transforms.affine import affine_matrices
from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from tinyconv.kernels import affine_warp

GREY = np.array([[10, 20, 30], [40, 50, 60], [70, 80, 90]], np.uint8)[None, None]  # (1, 1, 3, 3)


def only(**amounts):
    """A transform whose ranges are single points: nothing is left to chance."""
    points = {k: (v, v) if k in ("degrees", "scale", "shear") else v for k, v in amounts.items()}
    return RandomAffine(**points)


def warped(images, angle=0.0, shift=(0.0, 0.0), zoom=(1.0, 1.0), shear=0.0, fill_mode="constant", fill=0.0):
    N, _, H, W = images.shape
    one = np.ones(N)
    A = affine_matrices(angle * one, np.outer(one, shift), np.outer(one, zoom), shear * one, (H, W))
    return affine_warp(images, A, False, fill_mode, fill)


# ---------------------------------------------------------------- by hand


def test_a_quarter_turn_is_clockwise():
    np.testing.assert_array_equal(warped(GREY, angle=90)[0, 0], np.rot90(GREY[0, 0], -1))
    np.testing.assert_array_equal(only(degrees=90)(GREY)[0, 0], [[70, 40, 10], [80, 50, 20], [90, 60, 30]])


def test_a_shift_goes_down_and_to_the_right():
    np.testing.assert_array_equal(warped(GREY, shift=(1, 0))[0, 0], [[0, 0, 0], [10, 20, 30], [40, 50, 60]])
    np.testing.assert_array_equal(warped(GREY, shift=(0, 1))[0, 0], [[0, 10, 20], [0, 40, 50], [0, 70, 80]])
    np.testing.assert_array_equal(warped(GREY, shift=(0, 0.5))[0, 0, 1], [20, 45, 55])


def test_a_zoom_makes_larger_about_the_centre():
    np.testing.assert_array_equal(warped(GREY, zoom=(2, 2))[0, 0], [[30, 35, 40], [45, 50, 55], [60, 65, 70]])
    np.testing.assert_array_equal(warped(GREY, zoom=(2, 1))[0, 0], [[25, 35, 45], [40, 50, 60], [55, 65, 75]])


def test_a_shear_moves_what_is_above_the_centre_to_one_side():
    np.testing.assert_array_equal(warped(GREY, shear=45)[0, 0], [[0, 10, 20], [40, 50, 60], [80, 90, 0]])


@pytest.mark.parametrize(
    ("fill_mode", "row"),
    [
        ("constant", [7, 7, 7, 10, 20]),
        ("edge", [10, 10, 10, 10, 20]),
        ("reflect", [40, 30, 20, 10, 20]),
        ("wrap", [30, 40, 50, 10, 20]),
    ],
)
def test_what_comes_in_at_the_sides(fill_mode, row):
    x = np.array([10, 20, 30, 40, 50], np.uint8).reshape(1, 1, 1, 5)
    assert warped(x, shift=(0, 3), fill_mode=fill_mode, fill=7)[0, 0, 0].tolist() == row


def test_nearest_takes_whole_pixels():
    y = RandomAffine(translate=0.4, interpolation="nearest")(GREY, np.random.default_rng(1))
    assert set(np.unique(y)) <= {0, *GREY.ravel().tolist()}


# torchvision 0.28, functional._get_inverse_affine_matrix: of (x, y) about the centre.
TORCHVISION = [
    (30, (0, 0), 1, 0, [0.866025404, 0.5, 0, -0.5, 0.866025404, 0]),
    (0, (2, 3), 1, 0, [1, 0, -2, 0, 1, -3]),
    (0, (0, 0), 1.3, 0, [0.769230769, 0, 0, 0, 0.769230769, 0]),
    (0, (0, 0), 1, 20, [1, 0.363970234, 0, 0, 1, 0]),
    (-25, (2, -1), 0.8, -15, [0.991334456, -0.831828377, -2.814497289, 0.528272827, 1.132884734, 0.076339079]),
]


@pytest.mark.parametrize(("angle", "right_down", "scale", "shear", "there"), TORCHVISION)
def test_matrices_are_torchvisions(angle, right_down, scale, shear, there):
    """Ours are of (row, column) about the corner."""
    (a, b, tx), (c, d, ty) = np.reshape(there, (2, 3))
    shift, zoom = np.array([right_down[::-1]]), np.full((1, 2), scale)
    (A,) = affine_matrices(np.array([angle]), shift, zoom, np.array([shear]), (9, 7))
    centre = np.array([4, 3])
    np.testing.assert_allclose(A[:, :2], [[d, c], [b, a]], atol=1e-8)
    np.testing.assert_allclose(A[:, :2] @ centre + A[:, 2] - centre, [ty, tx], atol=1e-8)


# ---------------------------------------------------------------- drawing


def test_amounts_lie_in_their_ranges_and_fill_them(rng):
    """A white line through the centre says how far it was turned, a white point how far it was moved."""
    lines = np.zeros((400, 1, 41, 41))
    lines[:, 0, 20] = 1
    y = RandomAffine(degrees=(10, 30))(lines, rng)[:, 0]
    ends = (y[:, :, 35] * np.arange(41)).sum(1) / y[:, :, 35].sum(1)  # the row where the line crosses column 35
    angles = np.rad2deg(np.arctan2(ends - 20, 15))
    assert 9.5 < angles.min() < 11 and 29 < angles.max() < 30.5

    points = np.zeros((400, 1, 41, 21))
    points[:, 0, 20, 10] = 1
    y = RandomAffine(translate=(0.2, 0.3))(points, rng)[:, 0]
    down = (y.sum(2) * np.arange(41)).sum(1) - 20
    right = (y.sum(1) * np.arange(21)).sum(1) - 10
    assert -12.3 < down.min() < -11.8 and 11.8 < down.max() < 12.3
    assert -4.2 < right.min() < -4.0 and 4.0 < right.max() < 4.2
    assert abs(np.corrcoef(down, right)[0, 1]) < 0.2


@pytest.mark.parametrize(("per_axis", "alike"), [(False, True), (True, False)])
def test_zoom_for_both_axes_or_each(per_axis, alike, rng):
    crosses = np.zeros((100, 1, 41, 41))
    crosses[:, 0, 20, 10:31] = crosses[:, 0, 10:31, 20] = 1
    y = RandomAffine(scale=(0.5, 1.5), per_axis=per_axis)(crosses, rng)[:, 0]
    high, wide = y[:, :, 20].sum(1), y[:, 20].sum(1)
    np.testing.assert_equal(np.allclose(high, wide, atol=1e-9), alike)
    assert high.min() < 13 and high.max() > 28


@pytest.mark.parametrize(
    "transform", [RandomAffine(20, 0.2, (0.8, 1.2), 5), RandomHorizontalFlip(), RandomVerticalFlip()]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_a_picture_does_not_depend_on_its_neighbours(transform, dtype, rng):
    images = rng.integers(0, 2, (6, 3, 8, 9)).astype(dtype)
    before = images.copy()
    y = transform(images, np.random.default_rng(3))
    np.testing.assert_array_equal(images, before)
    assert y.dtype == dtype and y.shape == images.shape and not np.shares_memory(y, images)
    others = images.copy()
    others[1:] = 1 - others[1:]
    np.testing.assert_array_equal(transform(others, np.random.default_rng(3))[0], y[0])
    np.testing.assert_array_equal(transform(images, np.random.default_rng(3)), y)
    assert not np.array_equal(transform(images, np.random.default_rng(4)), y)


@pytest.mark.parametrize(("flip", "axis"), [(RandomHorizontalFlip, 3), (RandomVerticalFlip, 2)])
def test_flips(flip, axis, rng):
    x = rng.integers(0, 256, (2000, 1, 2, 3)).astype(np.uint8)
    np.testing.assert_array_equal(flip(1.0)(x), np.flip(x, axis))
    np.testing.assert_array_equal(flip(0.0)(x), x)
    y = flip(0.3)(x, rng)
    turned = (y == np.flip(x, axis)).all((1, 2, 3)) & (y != x).any((1, 2, 3))
    assert (turned | (y == x).all((1, 2, 3))).all()
    assert 0.25 < turned.mean() < 0.35  # five standard deviations
    sizes = [rng.random((3, 4, 5)), rng.random((3, 2, 6))]
    for a, b in zip(flip(1.0)(sizes), sizes, strict=True):
        np.testing.assert_array_equal(a, np.flip(b, axis - 1))


# ---------------------------------------------------------------- files and errors


@pytest.mark.parametrize("t", [RandomAffine(5, (0.1, 0.2), (0.9, 1.1), fill_mode="edge"), RandomVerticalFlip(0.1)])
def test_through_json_and_back(t):
    assert transform_from_dict(json.loads(json.dumps(t.to_dict()))) == t


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"degrees": -5}, ArgumentError, r"degrees is -5; it must be a number of at least 0"),
        ({"degrees": (5, -5)}, ArgumentError, r"degrees is \(5, -5\); it must be"),
        ({"degrees": "five"}, ArgumentError, "degrees is 'five'"),
        ({"translate": 1.5}, ArgumentError, r"translate is 1.5; it must be a number from 0 to 1"),
        ({"translate": (0.1, -0.1)}, ArgumentError, "translate is"),
        (
            {"scale": (0, 1)},
            ArgumentError,
            r"scale is \(0, 1\); it must be a pair .* from 0.001 to 1000",
        ),
        ({"fill": -1}, ArgumentError, "fill is -1; it must be a number from 0 to 255"),
        ({"shear": 90}, ArgumentError, "it must stay below 90 degrees"),
        ({"interpolation": "bilinea"}, UnknownNameError, "Did you mean 'bilinear'"),
        ({"fill_mode": "egde"}, UnknownNameError, "Did you mean 'edge'"),
    ],
)
def test_amounts_that_cannot_be(options, error, message):
    with pytest.raises(error, match=message):
        RandomAffine(**options)


def test_what_it_does_not_take(rng):
    with pytest.raises(ShapeError, match=r"RandomAffine: images have shape \(3, 4, 5\)"):
        RandomAffine(5)(rng.random((3, 4, 5)))
    with pytest.raises(DTypeError, match="RandomAffine: images are int64"):
        RandomAffine(5)(np.zeros((1, 1, 2, 2), int))
    with pytest.raises(ShapeError, match="RandomAffine: the pictures have different sizes; resize or crop"):
        RandomAffine(5)([np.zeros((1, 2, 2)), np.zeros((1, 3, 2))])
    with pytest.raises(ShapeError, match="RandomHorizontalFlip: images is a str"):
        RandomHorizontalFlip()("cat.png")
    with pytest.raises(ArgumentError, match="RandomVerticalFlip: p is 1.5; it must be a number from 0 to 1"):
        RandomVerticalFlip(1.5)
