"""Boxes around objects: what a detector is taught, and what is made of its answers.

Girshick 2015, "Fast R-CNN", arXiv:1504.08083, sections 2.3 and 2.4. Class 0 is the background, objects are labelled
from 1 on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tinyconv import random
from tinyconv.backend import Array, move
from tinyconv.errors import ShapeError
from tinyconv.geometry import Pair
from tinyconv.tensor import Operand, as_tensor

from .boxes import Boxes, box_iou, checked_boxes, clip_boxes_to_image, decode_boxes, encode_boxes, nms


class Detections(NamedTuple):
    """Objects found in a picture, class by class, the surest first:   boxes (D, 4), labels (D,), scores (D,)"""

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray


class Targets(NamedTuple):
    """What a net should say of R proposals.

    labels   (R,) int64: of the object with the largest IoU, if that is at least 0.5; else 0
    offsets  (R, 4) float32: from the proposal to the object's box, as encode_boxes; zeros for the background
    overlap  (R,): that largest IoU
    """

    labels: np.ndarray
    offsets: np.ndarray
    overlap: np.ndarray


def targets_of(proposals: Boxes, boxes: Boxes, labels: Operand) -> Targets:
    """Targets for proposals (R, 4) in a picture with G objects: boxes (G, 4), labels (G,) from 1 on."""
    name = "targets_of"
    proposals, boxes = checked_boxes(name, "proposals", proposals), checked_boxes(name, "boxes", boxes)
    of_object = move(as_tensor(labels).data, "cpu")
    if of_object.shape != (len(boxes),):
        raise ShapeError(name, f"labels have shape {of_object.shape}; {len(boxes)} boxes need ({len(boxes)},).")
    R = len(proposals)
    u, v, overlap = np.zeros(R, np.int64), np.zeros((R, 4), np.float32), np.zeros(R)
    if len(boxes):
        iou = box_iou(proposals, boxes)
        overlap, nearest = iou.max(1), iou.argmax(1)
        objects = overlap >= 0.5
        u[objects] = of_object[nearest[objects]]
        v[objects] = encode_boxes(boxes[nearest[objects]], proposals[objects])
    return Targets(u, v, overlap)


def sampled(targets: Targets, count: int = 64, share: float = 0.25) -> np.ndarray:
    """The numbers of `count` proposals to learn from: that share of objects, the rest background that lies near one.

    Background is taken from proposals with an IoU of at least 0.1, the mistakes that are likely. Fewer, where there are
    not so many. Drawn from the random stream "shuffle".   Section 2.3, "Mini-batch sampling"
    """
    draw = random.stream("shuffle").permutation
    objects = draw(np.flatnonzero(targets.labels))[: round(share * count)]
    background = draw(np.flatnonzero((targets.labels == 0) & (targets.overlap >= 0.1)))[: count - len(objects)]
    return np.concatenate([objects, background])


def detections(proposals: Boxes, p: Array, offsets: Array, size: Pair, score: float, iou: float) -> Detections:
    """From a net's answers for a picture of size (H, W): class by class, boxes are moved, and one of like ones stays.

    p (R, K + 1) probabilities, offsets (R, K, 4);  score: what is less probable is left out;  iou: see nms
    """
    found = []
    for k in range(1, p.shape[1]):
        moved = clip_boxes_to_image(decode_boxes(offsets[:, k - 1], proposals), size)
        (likely,) = np.nonzero(p[:, k] >= score)
        kept = likely[nms(moved[likely], p[likely, k], iou)]
        found.append((moved[kept], np.full(len(kept), k), p[kept, k]))
    return Detections(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
