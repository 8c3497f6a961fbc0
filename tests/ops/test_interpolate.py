"""Pictures made larger and smaller: by hand, as a plain formula for each pixel, NaN, memory."""

import math

import numpy as np
import pytest

from tinyconv.ops.interpolate import interpolate
from tinyconv.tensor import Tensor


def row(*numbers):
    return np.array([[[list(map(float, numbers))]]])


@pytest.mark.parametrize(
    ("x", "arguments", "expected"),
    [
        (row(1, 2), dict(size=(1, 4)), [1, 1, 2, 2]),
        (row(1, 2, 3), dict(size=(1, 2)), [1, 2]),  # floor(o * 3/2) = 0, 1
        (row(1, 2), dict(scale_factor=(1, 2.5)), [1, 1, 1, 2, 2]),  # floor(o / 2.5)
        (row(0, 4), dict(size=(1, 4), mode="bilinear"), [0, 1, 3, 4]),  # at -1/4, 1/4, 3/4, 5/4
        (row(0, 3), dict(size=(1, 4), mode="bilinear", align_corners=True), [0, 1, 2, 3]),
        (row(0, 1, 2, 3), dict(size=(1, 2), mode="bilinear"), [0.5, 2.5]),
        (row(0, 1, 2), dict(size=(1, 2), mode="bilinear", align_corners=True), [0, 2]),
        (row(5, 6), dict(size=(1, 1), mode="bilinear", align_corners=True), [5]),
        (row(5), dict(size=(1, 3), mode="bilinear"), [5, 5, 5]),
    ],
)
def test_rows_by_hand(engine, x, arguments, expected):
    assert interpolate(x, **arguments).tolist() == [[[expected]]]


def test_both_axes_by_hand(engine):
    x = np.array([[[[0.0, 4], [8, 12]]]])
    assert interpolate(x, scale_factor=2).tolist() == [[[[0, 0, 4, 4]] * 2 + [[8, 8, 12, 12]] * 2]]
    assert interpolate(x, size=3, mode="bilinear", align_corners=True).tolist() == [
        [[[0, 2, 4], [4, 6, 8], [8, 10, 12]]]
    ]


def test_gradients_by_hand(engine):
    x = Tensor(row(0, 4), requires_grad=True)
    interpolate(x, (1, 4), mode="bilinear").backward(row(1, 10, 100, 1000))
    assert x.grad.tolist() == row(1 + 7.5 + 25, 2.5 + 75 + 1000).tolist()
    x.grad = None
    interpolate(x, (1, 4)).backward(row(1, 10, 100, 1000))
    assert x.grad.tolist() == row(11, 1100).tolist()


@pytest.mark.parametrize("number", range(10))
@pytest.mark.parametrize("align_corners", [True, False])
def test_bilinear_pixel_by_pixel(rng, number, align_corners):
    H, W, OH, OW = rng.integers(1, 9, 4).tolist()
    x = rng.standard_normal((1, 1, H, W))
    y = interpolate(x, (OH, OW), mode="bilinear", align_corners=align_corners).data[0, 0]

    def place(o, size, new):
        if align_corners:
            return o * (size - 1) / (new - 1) if new > 1 else 0
        return min(max((o + 0.5) * size / new - 0.5, 0), size - 1)

    for oy, ox in np.ndindex(OH, OW):
        sy, sx = place(oy, H, OH), place(ox, W, OW)
        top, left = math.floor(sy), math.floor(sx)
        ty, tx = sy - top, sx - left
        bottom, right = min(top + 1, H - 1), min(left + 1, W - 1)
        upper = (1 - tx) * x[0, 0, top, left] + tx * x[0, 0, top, right]
        lower = (1 - tx) * x[0, 0, bottom, left] + tx * x[0, 0, bottom, right]
        assert y[oy, ox] == pytest.approx((1 - ty) * upper + ty * lower, abs=1e-12)


def test_whole_factors_repeat_every_pixel_equally(rng):
    """Also where a third, a seventh are no round numbers: o * (1/f) would fall short of a whole number."""
    for factor in (3, 5, 6, 7, 41, 49):
        x = rng.standard_normal((1, 1, 4, 3))
        expected = x.repeat(factor, 2).repeat(factor, 3)
        np.testing.assert_array_equal(interpolate(x, scale_factor=factor).data, expected)
        np.testing.assert_array_equal(interpolate(x, size=(4 * factor, 3 * factor)).data, expected)
        np.testing.assert_array_equal(interpolate(expected, size=(4, 3)).data, x)


def test_a_nan_reaches_only_the_pixels_that_it_has_weight_in(engine):
    x = np.zeros((1, 1, 4, 4), np.float32)
    x[0, 0, 0, 3] = np.nan
    assert np.isnan(interpolate(x, scale_factor=2).data).sum() == 4
    assert np.isnan(interpolate(x, scale_factor=2, mode="bilinear").data).sum() == 3 * 3


def test_whole_numbers_become_floats():
    assert interpolate(np.array([[[[1, 2]]]], np.uint8), (1, 4), mode="bilinear").dtype == np.float32


def test_the_order_of_axes_in_memory_stays():
    x = Tensor(np.zeros((2, 5, 6, 3), np.float32).transpose(0, 3, 1, 2))
    assert interpolate(x, scale_factor=2).data.transpose(0, 2, 3, 1).flags.c_contiguous
