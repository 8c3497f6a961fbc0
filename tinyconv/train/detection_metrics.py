"""How good a detector is: the average precision of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyconv.errors import DataError, ShapeError
from tinyconv.models.boxes import box_iou, checked_boxes
from tinyconv.ops.arguments import number


def average_precision(
    found: Sequence[Any], truth: Sequence[Any], iou_threshold: float = 0.5, eleven_points: bool = False
) -> dict[int, float]:
    """AP of each class that occurs: {label: area under its curve of precision over recall}, from 0 to 1

    found  for each picture (boxes (D, 4), labels (D,), scores (D,)), as FastRCNN.detect gives them
    truth  for each picture (boxes (G, 4), labels (G,))
    From the surest on, a detection is right if it overlaps the object of its class and picture that it overlaps most by
    an IoU of at least the threshold, and none before it did. At each recall the best precision at that recall or a
    larger one counts.   eleven_points: the mean at recalls 0, 0.1, ..., 1 in the place of the area, as until 2009
    Everingham et al. 2010, "The Pascal Visual Object Classes (VOC) Challenge", section 4.2. No object is "difficult".
    Raises ShapeError, ArgumentError, DataError (no objects).
    """
    name = "average_precision"
    threshold = number(name, "iou_threshold", iou_threshold, 0, 1)
    if len(found) != len(truth):
        raise ShapeError(name, f"found is of {len(found)} pictures, truth of {len(truth)}.")
    finds = [_checked("found", picture, 3) for picture in found]
    objects = [_checked("truth", picture, 2) for picture in truth]
    labels = sorted({int(k) for _, of_picture in objects for k in of_picture})
    if not labels:
        raise DataError(name, "truth has no objects: there is nothing to be found.")
    precision = {}
    for k in labels:
        right, scores, count = [], [], 0
        for (boxes, seen, s), (wanted, there) in zip(finds, objects, strict=True):
            order = np.argsort(-s[seen == k], kind="stable")
            scores.append(s[seen == k][order])
            right.append(_right(boxes[seen == k][order], wanted[there == k], threshold))
            count += int((there == k).sum())
        order = np.argsort(-np.concatenate(scores), kind="stable")
        precision[k] = _under_the_curve(np.concatenate(right)[order], count, eleven_points)
    return precision


def mean_average_precision(
    found: Sequence[Any], truth: Sequence[Any], iou_threshold: float = 0.5, eleven_points: bool = False
) -> float:
    """mAP: the mean over classes of `average_precision`"""
    return float(np.mean(list(average_precision(found, truth, iou_threshold, eleven_points).values())))


def _checked(argument: str, picture: Any, parts: int) -> list[np.ndarray]:
    """Boxes, labels and perhaps scores of one picture, as many of each."""
    if len(picture) != parts:
        meaning = "(boxes, labels, scores)" if parts == 3 else "(boxes, labels)"
        problem = f"{argument} has {len(picture)} arrays for a picture; it must have {meaning}."
        raise ShapeError("average_precision", problem)
    boxes = checked_boxes("average_precision", f"{argument}: boxes", picture[0])
    others = [np.asarray(a) for a in picture[1:]]
    for a in others:
        if a.shape != (len(boxes),):
            problem = f"{argument} has {len(boxes)} boxes for a picture, but labels or scores of shape {a.shape}."
            raise ShapeError("average_precision", problem)
    return [boxes, *others]


def _right(boxes: np.ndarray, wanted: np.ndarray, threshold: float) -> np.ndarray:
    """Which of the boxes, the surest first, are the first to find their object; (D,) bool"""
    right, free = np.zeros(len(boxes), bool), np.ones(len(wanted), bool)
    if len(wanted):
        iou = box_iou(boxes, wanted)
        for i, j in enumerate(iou.argmax(1)):
            right[i] = free[j] and iou[i, j] >= threshold
            free[j] &= not right[i]
    return right


def _under_the_curve(right: np.ndarray, count: int, eleven_points: bool) -> float:
    """From which detections, the surest first, are right, and how many objects there are."""
    hits = np.cumsum(right)
    recall, precision = hits / count, hits / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]  # at this recall or a larger one
    if not eleven_points:
        return float((np.diff(recall, prepend=0) * best).sum())
    reached = np.searchsorted(recall, np.arange(11) / 10)  # the first detection with that recall
    return float(np.append(best, 0)[reached].mean())
