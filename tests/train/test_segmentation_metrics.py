"""Pixels right and wrong, counted by hand."""

import numpy as np
import pytest

from tinyconv import nn
from tinyconv.errors import ArgumentError, DataError, ShapeError
from tinyconv.tensor import Tensor
from tinyconv.train import evaluate_segmentation, pixel_confusion, segmentation_report


def scores_of(classes, K):
    """Scores whose largest is at the given class of each pixel."""
    return np.moveaxis(np.eye(K)[np.array(classes)], -1, 1)


def test_confusion_by_hand():
    """Of eight pixels, one is not counted."""
    scores = scores_of([[[0, 1], [2, 2]], [[0, 0], [1, 2]]], 3)
    labels = np.array([[[0, 0], [2, 255]], [[1, 0], [1, 2]]], np.uint8)
    expected = [[2, 1, 0], [1, 1, 0], [0, 0, 2]]
    assert pixel_confusion(Tensor(scores), labels).tolist() == expected
    labels[0, 1, 1] = 1
    assert pixel_confusion(scores, labels).tolist() == [[2, 1, 0], [1, 1, 1], [0, 0, 2]]
    assert pixel_confusion(scores, labels, ignore_index=2).tolist() == [[2, 1, 0], [1, 1, 1], [0, 0, 0]]


def test_report_by_hand():
    #             seen as a  b  c  d
    report = segmentation_report([[4, 2, 0, 0],  # a: 4 of 6 + 1; 4/6 right
                                  [1, 1, 0, 1],  # b: 1 of 3 + 2; 1/3 right
                                  [0, 0, 0, 0],  # c: neither there nor seen
                                  [0, 0, 0, 0]])  # d: seen once, never there  # fmt: skip
    np.testing.assert_allclose(report.iou, [4 / 7, 1 / 5, np.nan, 0])
    assert report.mean_iou == pytest.approx((4 / 7 + 1 / 5 + 0) / 3)
    assert report.pixel_accuracy == pytest.approx(5 / 9)
    assert report.mean_accuracy == pytest.approx((4 / 6 + 1 / 3) / 2)
    assert report.frequency_weighted_iou == pytest.approx((6 * 4 / 7 + 3 * 1 / 5) / 9)


def test_all_right():
    report = segmentation_report(np.diag([3, 0, 5]))
    assert (report.mean_iou, report.pixel_accuracy, report.mean_accuracy) == (1, 1, 1)
    assert report.frequency_weighted_iou == 1


def test_iou_against_sets_of_pixels(rng):
    labels, seen = rng.integers(0, 4, (2, 3, 8, 9))
    report = segmentation_report(pixel_confusion(scores_of(seen, 4), labels))
    for k in range(4):
        expected = ((labels == k) & (seen == k)).sum() / ((labels == k) | (seen == k)).sum()
        assert report.iou[k] == pytest.approx(expected)


def test_evaluation_adds_up_batches(rng):
    """Of a net that gives its input: mean IoU is over all pixels, not a mean over batches."""
    labels, seen = rng.integers(0, 3, (2, 5, 4, 4))
    labels[4, 0] = 9
    net = nn.Sequential(nn.Identity(), nn.Dropout(0.9))
    batches = [(Tensor(scores_of(seen[i], 3)), labels[i]) for i in (slice(0, 3), slice(3, 5))]
    report = evaluate_segmentation(net, batches, ignore_index=9)
    counted = labels != 9
    assert report.pixel_accuracy == pytest.approx((labels == seen)[counted].mean())
    assert net.training


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: pixel_confusion(np.zeros((2, 3)), np.zeros(2, int)),
            ShapeError,
            r"pixel_confusion: scores have shape \(2, 3\); they must be \(N, K, H, W\)",
        ),
        (
            lambda: pixel_confusion(np.zeros((2, 3, 4, 5)), np.zeros((2, 5, 4), int)),
            ShapeError,
            r"labels have shape \(2, 5, 4\); scores \(2, 3, 4, 5\) need \(2, 4, 5\)",
        ),
        (
            lambda: pixel_confusion(np.zeros((1, 3, 1, 1)), np.full((1, 1, 1), 3)),
            ArgumentError,
            "targets contain 3; with 3 classes they must be 0 to 2",
        ),
        (lambda: segmentation_report(np.ones((2, 3))), ShapeError, "a confusion matrix is square"),
        (lambda: segmentation_report(np.zeros((2, 2))), DataError, "matrix counts no pixels"),
        (
            lambda: evaluate_segmentation(nn.Identity(), []),
            DataError,
            "evaluate_segmentation: the loader gives no batches",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
