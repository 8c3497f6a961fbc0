"""Average precision: curves drawn by hand."""

import numpy as np
import pytest

from tinyconv.errors import ArgumentError, DataError, ShapeError
from tinyconv.train import average_precision, mean_average_precision

A, B, C = [0, 0, 10, 10], [20, 0, 30, 10], [0, 20, 10, 30]  # boxes that do not touch
NEAR_A = [0, 0, 10, 6]  # IoU with A: 0.6
FAR = [50, 50, 60, 60]


def test_curve_by_hand():
    """Right, wrong, right, wrong, and one of three not found: precision 1, 1/2, 2/3 at recalls 1/3, 1/3, 2/3."""
    truth = [([A, B, C], [1, 1, 1])]
    found = [([FAR, A, B, FAR], [1, 1, 1, 1], [0.8, 0.9, 0.7, 0.1])]
    assert average_precision(found, truth) == {1: pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3)}
    # recalls 0 to 0.3: 1; 0.4, 0.5, 0.6: 2/3; 0.7 to 1: 0
    assert average_precision(found, truth, eleven_points=True) == {1: pytest.approx((4 * 1 + 3 * 2 / 3) / 11)}


def test_a_dip_in_precision_is_filled():
    """Wrong, then right twice: precision 0, 1/2, 2/3; at recall 1/2 the 2/3 that comes later counts."""
    found = [([FAR, A, B], [1, 1, 1], [0.9, 0.8, 0.7])]
    assert average_precision(found, [([A, B], [1, 1])]) == {1: pytest.approx(2 / 3)}


def test_an_object_is_found_once():
    """The second to find it is wrong, though it overlaps the object better."""
    found = [([NEAR_A, A], [1, 1], [0.9, 0.8])]
    assert average_precision(found, [([A, B], [1, 1])]) == {1: pytest.approx(1 / 2)}
    twice = [([NEAR_A, A, B], [1, 1, 1], [0.9, 0.8, 0.7])]
    assert average_precision(twice, [([A, B], [1, 1])]) == {1: pytest.approx(1 / 2 + 1 / 2 * 2 / 3)}


def test_threshold():
    found, truth = [([NEAR_A], [1], [0.9])], [([A], [1])]
    assert average_precision(found, truth, 0.6) == {1: 1}
    assert average_precision(found, truth, 0.61) == {1: 0}


def test_pictures_and_classes_are_apart():
    """In picture 1 class 2 is seen where class 1 is; a class that does not occur (3) does not count."""
    truth = [([A, B], [1, 2]), ([A], [1]), ([], [])]
    found = [([A, B, C], [1, 2, 3], [0.9, 0.5, 0.9]), ([A], [2], [0.9]), ([B], [1], [0.95])]
    expected = {1: 1 / 2 * 1 / 2, 2: 1 / 2}  # class 1: wrong, right, one of two not found; class 2: wrong, right
    assert average_precision(found, truth) == pytest.approx(expected)
    assert mean_average_precision(found, truth) == pytest.approx(3 / 8)


def test_nothing_found_and_everything_found():
    truth = [([A, B], [1, 2])]
    assert mean_average_precision([([], [], [])], truth) == 0
    assert mean_average_precision([([], [], [])], truth, eleven_points=True) == 0
    assert mean_average_precision([([B, A], [2, 1], [0.1, 0.2])], truth) == 1
    assert mean_average_precision([([B, A], [2, 1], [0.1, 0.2])], truth, eleven_points=True) == pytest.approx(1)


def test_order_of_pictures_does_not_matter(rng):
    """Unless scores are equal."""
    boxes = rng.uniform(0, 10, (6, 8, 4)) + np.array([0, 0, 10, 10])
    labels, scores = rng.integers(1, 4, (6, 8)), rng.permutation(48).reshape(6, 8) / 48
    found = list(zip(boxes, labels, scores, strict=True))
    truth = list(zip(boxes[:, ::2] + 1, labels[:, ::2], strict=True))
    first = average_precision(found, truth)
    assert any(0 < ap < 1 for ap in first.values())
    assert average_precision(found[::-1], truth[::-1]) == pytest.approx(first)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: average_precision([], [([A], [1])]),
            ShapeError,
            "average_precision: found is of 0 pictures, truth of 1",
        ),
        (
            lambda: average_precision([([A], [1])], [([A], [1])]),
            ShapeError,
            r"found has 2 arrays for a picture; it must have \(boxes, labels, scores\)",
        ),
        (
            lambda: average_precision([([A], [1], [0.5])], [([A], [1], [0.5])]),
            ShapeError,
            r"truth has 3 arrays for a picture; it must have \(boxes, labels\)",
        ),
        (
            lambda: average_precision([([A], [1], [0.5, 0.6])], [([A], [1])]),
            ShapeError,
            r"found has 1 boxes for a picture, but labels or scores of shape \(2,\)",
        ),
        (
            lambda: average_precision([([[3, 0, 2, 1]], [1], [0.5])], [([A], [1])]),
            ArgumentError,
            r"found: boxes\[0\] is \(3, 0, 2, 1\)",
        ),
        (lambda: average_precision([([A], [1], [0.5])], [([], [])]), DataError, "truth has no objects"),
        (
            lambda: average_precision([([A], [1], [0.5])], [([A], [1])], 1.5),
            ArgumentError,
            "iou_threshold is 1.5; .* between 0 and 1",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
