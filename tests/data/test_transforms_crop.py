"""Crops: by hand, from torchvision's places and in its order, of arrays and of lists of pictures."""

import numpy as np
import pytest

from tinyconv.data import CenterCrop, FiveCrop, RandomCrop, TenCrop
from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError


def numbered(*shape):
    """Pixels 0, 1, 2, ... row by row, the same in each picture and channel: what a pixel is says where it was."""
    H, W = shape[-2:]
    return np.broadcast_to(np.arange(H * W, dtype=np.uint8).reshape(H, W), shape).copy()


THREE = numbered(1, 1, 3, 3)  # 0 1 2 / 3 4 5 / 6 7 8


class Draws:
    """A generator whose random() gives these numbers again and again."""

    def __init__(self, *numbers):
        self.numbers = numbers

    def random(self, shape):
        return np.resize(self.numbers, shape)


# ---------------------------------------------------------------- the middle


def test_the_middle():
    np.testing.assert_array_equal(CenterCrop(1)(THREE)[0, 0], [[4]])
    np.testing.assert_array_equal(CenterCrop((3, 1))(THREE)[0, 0], [[1], [4], [7]])
    np.testing.assert_array_equal(CenterCrop([1, 3])(THREE)[0, 0], [[3, 4, 5]])


@pytest.mark.parametrize(("length", "first"), [(2, 0), (3, 1), (4, 2), (5, 2), (6, 2), (7, 3), (8, 4), (10, 4)])
def test_half_a_pixel_goes_to_the_even_place_as_in_torchvision(length, first):
    (row,) = CenterCrop((1, 1))(numbered(1, 1, 1, length))[0, 0]
    assert row == [first]


def test_a_picture_that_is_too_small_for_its_middle_gets_a_black_border():
    y = CenterCrop((4, 6))(THREE + 1)
    expected = [[0, 1, 2, 3, 0, 0], [0, 4, 5, 6, 0, 0], [0, 7, 8, 9, 0, 0], [0] * 6]
    np.testing.assert_array_equal(y[0, 0], expected)


def test_pictures_of_different_sizes_become_an_array():
    y = CenterCrop(2)([numbered(2, 4, 4), numbered(2, 2, 6)])
    np.testing.assert_array_equal(y[:, 1], [[[5, 6], [9, 10]], [[2, 3], [8, 9]]])


# ---------------------------------------------------------------- anywhere


@pytest.mark.parametrize(
    ("padding_mode", "row"),
    [
        ("constant", [9, 9, 9, 9, 10, 20, 30, 9, 9, 9, 9]),
        ("edge", [10, 10, 10, 10, 10, 20, 30, 30, 30, 30, 30]),
        ("reflect", [10, 20, 30, 20, 10, 20, 30, 20, 10, 20, 30]),
        ("symmetric", [30, 30, 20, 10, 10, 20, 30, 30, 20, 10, 10]),
    ],
)
def test_padding(padding_mode, row):
    x = np.array([10, 20, 30], np.uint8).reshape(1, 1, 1, 3)
    y = RandomCrop((1, 11), padding=(4, 0), padding_mode=padding_mode, fill=9)(x)
    np.testing.assert_array_equal(y[0, 0], [row])
    for crop in (RandomCrop((11, 1), (0, 4, 0, 4), padding_mode, 9), RandomCrop((11, 1), [0, 4], padding_mode, 9)):
        np.testing.assert_array_equal(crop(x.transpose(0, 1, 3, 2))[0, 0, :, 0], row)


def test_reflecting_a_single_pixel():
    y = RandomCrop(3, padding=1, padding_mode="reflect")(np.full((1, 1, 1, 1), 7, np.uint8))
    np.testing.assert_array_equal(y[0, 0], np.full((3, 3), 7))


def test_four_sides_are_left_top_right_bottom():
    y = RandomCrop((6, 7), padding=(3, 2, 1, 1), fill=0)(THREE + 1)[0, 0]
    np.testing.assert_array_equal(np.argwhere(y == 1), [[2, 3]])
    np.testing.assert_array_equal(np.argwhere(y == 9), [[4, 5]])


@pytest.mark.parametrize(("u", "corner"), [(0.0, 0), (0.33, 0), (0.34, 1), (0.66, 1), (0.67, 2), (0.9999, 2)])
def test_every_place_has_its_share_of_the_random_numbers(u, corner):
    x = numbered(2, 1, 4, 4)
    np.testing.assert_array_equal(RandomCrop((2, 4))(x, Draws(u, 0.5))[1, 0], x[1, 0, corner : corner + 2])
    np.testing.assert_array_equal(RandomCrop((4, 2))(x, Draws(0.5, u))[1, 0], x[1, 0, :, corner : corner + 2])


def test_all_places_are_equally_likely(rng):
    y = RandomCrop(2)(numbered(9000, 1, 4, 4), rng)
    corners, counts = np.unique(y[:, 0, 0, 0], return_counts=True)
    assert corners.tolist() == [0, 1, 2, 4, 5, 6, 8, 9, 10]
    assert 800 < counts.min() <= counts.max() < 1200  # 1000 each; the deviation is 30
    np.testing.assert_array_equal(
        y[:, 0].astype(int) - y[:, 0, :1, :1], np.broadcast_to([[0, 1], [4, 5]], (9000, 2, 2))
    )


def test_rows_and_columns_are_drawn_apart(rng):
    corners = RandomCrop(1)(numbered(4000, 1, 10, 10), rng)[:, 0, 0, 0]
    assert abs(np.corrcoef(corners // 10, corners % 10)[0, 1]) < 0.1


def test_channels_stay_together(rng):
    x = rng.integers(0, 256, (5, 3, 8, 8), np.uint8)
    x[:, 1:] = x[:, :1] + np.array([50, 100], np.uint8)[:, None, None]
    y = RandomCrop(8, padding=4, padding_mode="edge")(x, rng)
    np.testing.assert_array_equal(y[:, 1:], y[:, :1] + np.array([50, 100], np.uint8)[:, None, None])


def test_a_list_gives_the_same_as_an_array(rng):
    x = rng.random((4, 3, 6, 5), dtype=np.float32)
    for crop in (RandomCrop((4, 3), 1, "reflect"), CenterCrop(4), FiveCrop(3), TenCrop((2, 3), vertical_flip=True)):
        y = crop(x, np.random.default_rng(1))
        z = crop(list(x), np.random.default_rng(1))
        np.testing.assert_array_equal(y, z)
        assert y.dtype == z.dtype == np.float32


# ---------------------------------------------------------------- several


def test_five_in_torchvisions_order():
    y = FiveCrop(1)(THREE)
    assert y.shape == (1, 5, 1, 1, 1)
    assert y.ravel().tolist() == [0, 2, 6, 8, 4]
    np.testing.assert_array_equal(FiveCrop((1, 2))(THREE)[0, :, 0, 0], [[0, 1], [1, 2], [6, 7], [7, 8], [3, 4]])


def test_ten_in_torchvisions_order():
    assert TenCrop(1)(THREE).ravel().tolist() == [0, 2, 6, 8, 4, 2, 0, 8, 6, 4]
    assert TenCrop(1, vertical_flip=True)(THREE).ravel().tolist() == [0, 2, 6, 8, 4, 6, 8, 0, 2, 4]
    mirrored = [[2, 1], [1, 0], [8, 7], [7, 6], [5, 4]]  # the middle of the mirror image is another piece
    np.testing.assert_array_equal(TenCrop((1, 2))(THREE)[0, 5:, 0, 0], mirrored)


def test_several_pieces_of_pictures_of_different_sizes():
    y = TenCrop(2)([numbered(3, 4, 4), numbered(3, 2, 2)])
    assert y.shape == (2, 10, 3, 2, 2)
    np.testing.assert_array_equal(y[1, :5], np.broadcast_to(numbered(3, 2, 2), (5, 3, 2, 2)))
    np.testing.assert_array_equal(y[0, 3, 0], [[10, 11], [14, 15]])


# ---------------------------------------------------------------- no pictures, bad arguments


@pytest.mark.parametrize(
    "crop", [CenterCrop(2), RandomCrop(2), FiveCrop(2), TenCrop(2)], ids=lambda c: type(c).__name__
)
def test_no_pictures(crop):
    y = crop(np.zeros((0, 3, 4, 4), np.uint8))
    assert y.shape == ((0, 3, 2, 2) if y.ndim == 4 else (0, 5 if isinstance(crop, FiveCrop) else 10, 3, 2, 2))


@pytest.mark.parametrize("crop", [CenterCrop, RandomCrop, FiveCrop, TenCrop])
@pytest.mark.parametrize("size", [0, -1, 2.5, (2,), (1, 2, 3), "4", None, (0, 3), True])
def test_sizes_that_cannot_be(crop, size):
    with pytest.raises(ArgumentError, match=f"{crop.__name__}: size is .*; it must be a whole number, or a pair"):
        crop(size)


@pytest.mark.parametrize("padding", [-1, 1.5, (1, 2, 3), (1, -2), (0, 0, -1, 0), "2"])
def test_padding_that_cannot_be(padding):
    with pytest.raises(ArgumentError, match="RandomCrop: padding is .* must be a whole number"):
        RandomCrop(4, padding)


def test_other_arguments_that_cannot_be():
    with pytest.raises(UnknownNameError, match="RandomCrop: there is no padding_mode 'mirror'"):
        RandomCrop(4, 1, "mirror")
    with pytest.raises(ArgumentError, match="RandomCrop: fill is 256; it must be a number from 0 to 255"):
        RandomCrop(4, 1, fill=256)
    with pytest.raises(ArgumentError, match="RandomCrop: fill is nan"):
        RandomCrop(4, 1, fill=float("nan"))
    with pytest.raises(ArgumentError, match="TenCrop: vertical_flip is 1; it must be True or False"):
        TenCrop(4, 1)


@pytest.mark.parametrize(
    "crop", [RandomCrop((4, 5)), FiveCrop((4, 5)), TenCrop((4, 5))], ids=lambda c: type(c).__name__
)
def test_pictures_that_are_too_small(crop):
    name = type(crop).__name__
    with pytest.raises(ShapeError, match=f"{name}: picture 0 is 5x4; 4x5 cannot be cut out of it. Lower the size"):
        crop(np.zeros((2, 1, 5, 4), np.uint8))
    with pytest.raises(ShapeError, match=f"{name}: picture 1 is 3x9; 4x5 cannot"):
        crop([np.zeros((1, 4, 5)), np.zeros((1, 3, 9))])


def test_padding_counts_when_a_picture_is_small():
    assert RandomCrop(5, padding=1)(THREE).shape == (1, 1, 5, 5)
    with pytest.raises(ShapeError, match="picture 0 is 5x5; 6x6 cannot"):
        RandomCrop(6, padding=1)(THREE)
