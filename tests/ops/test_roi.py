"""Regions of interest: by hand, against loops from the papers' definitions, against torchvision's numbers, adjoints.

torchvision itself is not needed: TORCHVISION holds what version 0.28 gave for PICTURES and BOXES.
"""

import math

import numpy as np
import pytest

from tinyconv import kernels
from tinyconv.ops.roi import roi_align, roi_pool
from tinyconv.tensor import Tensor

PICTURES = (np.arange(2 * 6 * 7) ** 2 % 37).reshape(2, 1, 6, 7).astype(float)
BOXES = np.array([[0, 0, 0, 12, 10], [1, 2.4, -3, 9, 5], [1, 5, 7, 5.5, 20], [0, 6, 4, 30, 8.2]])

# {name: torchvision.ops.<name>(torch.tensor(PICTURES), torch.tensor(BOXES), (2, 3), 0.5, **options)[:, 0]}
TORCHVISION = {
    "pool": [
        [[34, 34, 36], [34, 36, 33]],
        [[36, 27, 26], [34, 34, 36]],
        [[36, 36, 36], [0, 0, 0]],
        [[33, 0, 0], [36, 0, 0]],
    ],
    "align": [
        [[12.701389, 21.013889, 26.020833], [12.701389, 20.097222, 16.736111]],
        [[18.4875, 22.5625, 12.3875], [23.04375, 8.3625, 19.66875]],
        [[14.963542, 16.398438, 12.744792], [0, 0, 0]],
        [[25.915625, 0, 0], [20.25, 0, 0]],
    ],
    "align, two points a side": [
        [[12.703125, 21.59375, 26.34375], [12.703125, 19.90625, 16.609375]],
        [[18.4875, 22.5625, 12.3875], [23.04375, 8.3625, 19.66875]],
        [[21.90625, 23.040365, 18.604167], [0, 0, 0]],
        [[29.2625, 0, 0], [22.3125, 0, 0]],
    ],
    "align, aligned": [
        [[9.152778, 15.347222, 22.347222], [15.236111, 21.791667, 21.958333]],
        [[14.78125, 8.625, 9.0], [24.409375, 14.2, 14.625]],
        [[16.43457, 17.116211, 17.797852], [0, 0, 0]],
        [[27.29375, 7.089063, 0], [22.940625, 5.876563, 0]],
    ],
}
OPTIONS = {"align": {}, "align, two points a side": dict(sampling_ratio=2), "align, aligned": dict(aligned=True)}


def test_pool_is_torchvisions(engine):
    assert roi_pool(PICTURES, BOXES, (2, 3), 0.5).data[:, 0].tolist() == TORCHVISION["pool"]


@pytest.mark.parametrize("name", OPTIONS)
def test_align_is_torchvisions(engine, name):
    y = roi_align(PICTURES, BOXES, (2, 3), 0.5, **OPTIONS[name])
    np.testing.assert_allclose(y.data[:, 0], TORCHVISION[name], rtol=0, atol=1e-6)


# ---------------------------------------------------------------- by hand

PICTURE = np.arange(16.0).reshape(1, 1, 4, 4)


def test_both_corners_belong_to_a_box(engine):
    x = Tensor(PICTURE, requires_grad=True)
    y = roi_pool(x, [np.array([[1, 0, 3, 1]])], (2, 2))  # rows 0 and 1, columns 1 to 3: the middle one is in two bins
    assert y.tolist() == [[[[2, 3], [6, 7]]]]
    y = roi_pool(x, [np.array([[1, 0, 3, 1], [0, 0, 3, 3]])], 1)
    assert y.tolist() == [[[[7]]], [[[15]]]]
    (y * np.array([10.0, 100]).reshape(2, 1, 1, 1)).sum().backward()
    assert {int(i): x.grad.data.flat[i] for i in np.flatnonzero(x.grad.data)} == {7: 10, 15: 100}


def test_halves_are_rounded_away_from_zero(engine):
    """x from 0.5 to 1.5 are columns 1 and 2; -0.5 is column -1, and nothing is there."""
    assert roi_pool(PICTURE, np.array([[0, 0.5, 0, 1.5, 0]]), (1, 2)).tolist() == [[[[1, 2]]]]
    assert roi_pool(PICTURE, np.array([[0, -0.5, 0, 0, 0]]), (1, 2)).tolist() == [[[[0, 0]]]]
    assert roi_pool(PICTURE, np.array([[0, -1.0, 0, 0, 0]]), (1, 2)).tolist() == [[[[0, 0]]]]
    assert roi_pool(PICTURE - 20, np.array([[0, -1.0, 0, 0, 0]]), (1, 2)).tolist() == [[[[0, -20]]]]


def test_a_point_between_four_pixels(engine):
    """One point, at (1.5, 0.5) of pixels whose centres are whole numbers: the mean of pixels 2, 3, 6, 7."""
    x = Tensor(PICTURE, requires_grad=True)
    y = roi_align(x, np.array([[0, 2.0, 0, 3, 1]]), 1, sampling_ratio=1)
    assert y.tolist() == [[[[4.5]]]]
    y.backward(np.array([[[[4.0]]]]))
    assert x.grad.tolist() == [[[[0, 0, 1, 1], [0, 0, 1, 1], [0] * 4, [0] * 4]]]


def test_aligned_boxes_of_whole_pixels_give_the_pixels(engine):
    y = roi_align(PICTURE, np.array([[0, 1, 1, 3, 4]]), (3, 2), sampling_ratio=1, aligned=True)
    assert y.tolist() == [[[[5, 6], [9, 10], [13, 14]]]]


def test_what_is_outside(engine):
    """Up to one pixel outside it is the outermost pixel; further out it is 0."""
    y = roi_align(PICTURE, np.array([[0, -2.0, 1, 6, 2]]), (1, 8), sampling_ratio=1)  # at -1.5, -0.5, ... , 5.5
    np.testing.assert_allclose(y.data, [[[[0, 6, 6.5, 7.5, 8.5, 9, 0, 0]]]])


def test_an_aligned_box_without_extent_is_empty(engine):
    box = np.array([[0, 1.0, 1, 1, 3]])
    assert roi_align(PICTURE, box, 1, aligned=True).tolist() == [[[[0]]]]
    assert roi_align(PICTURE, box, 1).tolist() == [[[[9.5]]]]  # 1 wide: points at (1.5, 1.5) and (2.5, 1.5), 4y + x


def test_boxes_get_no_gradient():
    x, boxes = Tensor(PICTURE, requires_grad=True), Tensor(np.array([[0, 0.0, 0, 2, 2]]), requires_grad=True)
    for pool in (roi_pool, roi_align):
        pool(x, boxes, 2).sum().backward()
    assert boxes.grad is None


def test_nan_stays_in_the_boxes_that_contain_it(engine):
    x = PICTURE.copy()
    x[0, 0, 3, 3] = np.nan
    boxes = np.array([[0, 0, 0, 2, 2], [0, 2, 2, 3, 3]])
    for pool in (roi_pool, roi_align):
        assert np.isnan(pool(x, boxes, 1).data[:, 0, 0, 0]).tolist() == [False, True]


def test_boxes_are_scaled_in_their_own_precision():
    """0.3 * 5/3 is a half in float32, and is rounded up; of 5/3 as a float32, float64 finds a little less."""
    boxes = np.array([[0, 5 / 3, 0, 5 / 3, 0]], np.float32)
    assert roi_pool(PICTURE, boxes, 1, 0.3).item() == 1
    assert roi_pool(PICTURE, boxes.astype(np.float64), 1, 0.3).item() == 0


# ---------------------------------------------------------------- the papers' definitions, in loops


def rounded(v):
    """To a whole number, halves away from 0."""
    return int(math.copysign(math.floor(abs(v) + 0.5), v))


def pooled(x, box, size, scale):
    """Girshick 2015, section 2.1: sub-windows of about h/OH x w/OW, and the largest of each."""
    (C, H, W), (OH, OW) = x.shape, size
    left, top, right, bottom = (rounded(v * scale) for v in box)
    h, w = max(bottom - top + 1, 1), max(right - left + 1, 1)
    y = np.zeros((C, OH, OW))
    for oy in range(OH):
        for ox in range(OW):
            inside = [
                (iy, ix)
                for iy in range(top + math.floor(oy * h / OH), top + math.ceil((oy + 1) * h / OH))
                for ix in range(left + math.floor(ox * w / OW), left + math.ceil((ox + 1) * w / OW))
                if 0 <= iy < H and 0 <= ix < W
            ]
            if inside:
                y[:, oy, ox] = [max(x[c, iy, ix] for iy, ix in inside) for c in range(C)]
    return y


def bilinear(x, py, px):
    """He et al. 2017, section 3: from the four nearest pixels; the outermost one goes on for a pixel."""
    C, H, W = x.shape
    if py < -1 or py > H or px < -1 or px > W:
        return np.zeros(C)
    py, px = min(max(py, 0), H - 1), min(max(px, 0), W - 1)
    y0, x0 = math.floor(py), math.floor(px)
    y1, x1 = min(y0 + 1, H - 1), min(x0 + 1, W - 1)
    dy, dx = py - y0, px - x0
    above = (1 - dx) * x[:, y0, x0] + dx * x[:, y0, x1]
    below = (1 - dx) * x[:, y1, x0] + dx * x[:, y1, x1]
    return (1 - dy) * above + dy * below


def aligned_mean(x, box, size, scale, ratio, aligned):
    """He et al. 2017, section 3: no corner is rounded; the mean over regularly sampled points of each bin."""
    C, (OH, OW) = len(x), size
    left, top, right, bottom = (v * scale - (0.5 if aligned else 0) for v in box)
    h, w = bottom - top, right - left
    if not aligned:
        h, w = max(h, 1), max(w, 1)
    GH, GW = (ratio, ratio) if ratio > 0 else (math.ceil(h / OH), math.ceil(w / OW))
    y = np.zeros((C, OH, OW))
    for oy in range(OH):
        for ox in range(OW):
            for gy in range(GH):
                for gx in range(GW):
                    py = top + oy * h / OH + (gy + 0.5) * h / OH / GH
                    px = left + ox * w / OW + (gx + 0.5) * w / OW / GW
                    y[:, oy, ox] += bilinear(x, py, px) / (GH * GW)
    return y


def drawn(rng):
    """Pictures, boxes inside and outside of them, and a size."""
    x = rng.standard_normal((3, 2, *rng.integers(1, 9, 2)))
    start = rng.uniform(-3, 9, (4, 2))
    boxes = np.concatenate([start, start + rng.uniform(0, 9, (4, 2)) * rng.integers(0, 2, (4, 1))], 1)
    return x, rng.integers(0, 3, 4), boxes, tuple(rng.integers(1, 5, 2).tolist()), float(rng.choice([1, 0.5, 0.37]))


def test_pool_is_what_the_paper_says(rng, engine):
    for _ in range(8):
        x, picture, boxes, size, scale = drawn(rng)
        y = roi_pool(x, np.column_stack([picture, boxes]), size, scale)
        expected = [pooled(x[n], box, size, scale) for n, box in zip(picture, boxes, strict=True)]
        np.testing.assert_array_equal(y.data, expected)


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("ratio", [-1, 1, 3])
def test_align_is_what_the_paper_says(rng, engine, ratio, aligned):
    for _ in range(4):
        x, picture, boxes, size, scale = drawn(rng)
        y = roi_align(x, np.column_stack([picture, boxes]), size, scale, ratio, aligned)
        expected = [aligned_mean(x[n], box, size, scale, ratio, aligned) for n, box in zip(picture, boxes, strict=True)]
        np.testing.assert_allclose(y.data, expected, rtol=0, atol=1e-12)


def test_lists_are_tables_sorted_by_picture(rng):
    x, picture, boxes, size, scale = drawn(rng)
    each = [boxes[picture == n] for n in range(3)]
    order = np.argsort(picture, kind="stable")
    for pool in (roi_pool, roi_align):
        y = pool(x, np.column_stack([picture, boxes])[order], size, scale)
        assert pool(x, each, size, scale).tolist() == y.tolist()


# ---------------------------------------------------------------- adjoints


def test_adjoint(engine, rng):
    """<dy, A x> = <A' dy, x>"""
    x, dy, picture = rng.standard_normal((2, 3, 6, 5)), rng.standard_normal((4, 3, 2, 3)), np.array([0, 1, 1, 0])
    rows, columns = rng.random((4, 2, 6)), rng.random((4, 3, 5))
    rows[1] = 0
    y = kernels.roi_align(x, picture, rows, columns)
    dx = kernels.roi_align_input(dy, picture, rows, columns, x.shape)
    assert abs((dy * y).sum() - (dx * x).sum()) < 1e-12 * max(1.0, np.sqrt((dy**2).sum() * (y**2).sum()))
