"""How good a class for every pixel is: pixel accuracy, and the intersection over union of each class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tinyconv.backend import move
from tinyconv.errors import DataError, ShapeError
from tinyconv.nn import Module
from tinyconv.tensor import Operand, Tensor, as_tensor

from .metrics import confusion_matrix, evaluating


def pixel_confusion(scores: Operand, labels: Operand, ignore_index: int = 255) -> np.ndarray:
    """m[t, p] = how many pixels of class t were taken for class p, (K, K) int64

    scores (N, K, H, W), whose largest is the class   labels (N, H, W); those that are ignore_index are not counted
    Matrices of several batches add up.
    """
    name = "pixel_confusion"
    s, t = (move(as_tensor(a).data, "cpu") for a in (scores, labels))
    if s.ndim != 4 or s.shape[1] == 0:
        raise ShapeError(name, f"scores have shape {s.shape}; they must be (N, K, H, W), with K classes.")
    if t.shape != (len(s), *s.shape[2:]):
        raise ShapeError(name, f"labels have shape {t.shape}; scores {s.shape} need {(len(s), *s.shape[2:])}.")
    counted = t != ignore_index
    return confusion_matrix(t[counted], s.argmax(1)[counted], s.shape[1])


@dataclass(frozen=True, eq=False)
class SegmentationReport:
    """What `segmentation_report` found. NaN stands for a class of which there is no pixel, and no mean counts it.

    iou            (K,): intersection over union of each class
    mean_iou       their mean
    pixel_accuracy, mean_accuracy  share of all pixels that are right; mean of this share over classes
    frequency_weighted_iou         mean of iou by the classes' numbers of pixels
    """

    iou: np.ndarray
    mean_iou: float
    pixel_accuracy: float
    mean_accuracy: float
    frequency_weighted_iou: float


def segmentation_report(matrix: np.ndarray) -> SegmentationReport:
    """From a confusion matrix of pixels, m[t, p]:

    iou[k] = m[k, k] / (sum_p m[k, p] + sum_t m[t, k] - m[k, k])      both over either
    accuracy[k] = m[k, k] / sum_p m[k, p]
    A class that does not occur but was seen has an iou of 0, and no accuracy.
    Long et al. 2015, arXiv:1411.4038, section 5, "Metrics"
    """
    m = np.asarray(matrix)
    if m.ndim != 2 or m.shape[0] != m.shape[1]:
        raise ShapeError("segmentation_report", f"matrix has shape {m.shape}; a confusion matrix is square.")
    if not m.sum():
        raise DataError("segmentation_report", "matrix counts no pixels: there is nothing to report.")
    hits, there = m.diagonal(), m.sum(1)
    either = there + m.sum(0) - hits
    iou = np.where(either > 0, hits / np.maximum(either, 1), np.nan)
    return SegmentationReport(
        iou=iou,
        mean_iou=float(np.nanmean(iou)),
        pixel_accuracy=float(hits.sum() / m.sum()),
        mean_accuracy=float((hits[there > 0] / there[there > 0]).mean()),
        frequency_weighted_iou=float((there * np.nan_to_num(iou)).sum() / m.sum()),
    )


def evaluate_segmentation(
    model: Module, loader: Iterable[tuple[Tensor, Operand]], ignore_index: int = 255
) -> SegmentationReport:
    """Run the model over all batches, in evaluation mode and without recording, and put its mode back.

    model   images (N, C, H, W) -> scores (N, K, H, W)
    loader  gives batches of images and labels (N, H, W); DataError if it gives none
    """
    with evaluating(model) as device:
        matrices = [pixel_confusion(model(images.to(device)), labels, ignore_index) for images, labels in loader]
    if not matrices:
        raise DataError("evaluate_segmentation", "the loader gives no batches: there is nothing to evaluate.")
    return segmentation_report(np.sum(matrices, 0))
