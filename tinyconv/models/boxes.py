"""Boxes in pictures: how much two overlap, how one is written relative to another, which of many to keep.

A box is (x1, y1, x2, y2), x to the right and y downwards, in pixels: it is x2 - x1 wide. (Girshick's code counts both
end pixels, x2 - x1 + 1.) Boxes are arrays (R, 4) or anything that NumPy makes them of; results are NumPy arrays. The
names are those of torchvision.ops where it has the function.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyconv.backend import move
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.ops.arguments import number
from tinyconv.tensor import as_tensor

Boxes = Any
SCALES = 10.0, 10.0, 5.0, 5.0  # bring offsets to a spread of about 1: Girshick's means of 0 and deviations of 0.1, 0.2
LARGEST = np.log(1000 / 16)  # of a logarithm of sizes, so that a net's first guesses do not overflow


def checked_boxes(name: str, argument: str, boxes: Boxes) -> np.ndarray:
    """The boxes as an array (R, 4) of floating point, if they are boxes."""
    a = move(as_tensor(boxes).data, "cpu")
    a = a.reshape(0, 4) if a.shape == (0,) else a
    if a.ndim != 2 or a.shape[1] != 4:
        raise ShapeError(name, f"{argument} has shape {a.shape}; it must be (R, 4): (x1, y1, x2, y2) of each box.")
    a = a if a.dtype.kind == "f" else a.astype(np.float64)
    wrong = np.flatnonzero(~((a[:, :2] <= a[:, 2:]).all(1) & np.isfinite(a).all(1)))
    if len(wrong):
        box = ", ".join(f"{c:g}" for c in a[wrong[0]])
        raise ArgumentError(name, f"{argument}[{wrong[0]}] is ({box}); (x1, y1, x2, y2) needs x1 <= x2 and y1 <= y2.")
    return a


def box_iou(boxes1: Boxes, boxes2: Boxes) -> np.ndarray:
    """iou[r, s] = area of the intersection of boxes1[r] and boxes2[s] / area of their union, (R, S)

    From 0 to 1; 0 of two boxes without area.   Everingham et al. 2010, "The Pascal VOC Challenge", eq. 4
    """
    a, b = checked_boxes("box_iou", "boxes1", boxes1), checked_boxes("box_iou", "boxes2", boxes2)
    size = np.minimum(a[:, None, 2:], b[:, 2:]) - np.maximum(a[:, None, :2], b[:, :2])  # (R, S, 2)
    shared = np.maximum(size, 0).prod(2)
    union = (a[:, 2:] - a[:, :2]).prod(1)[:, None] + (b[:, 2:] - b[:, :2]).prod(1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def encode_boxes(boxes: Boxes, proposals: Boxes) -> np.ndarray:
    """t = (10 (x - x_p)/w_p, 10 (y - y_p)/h_p, 5 ln(w/w_p), 5 ln(h/h_p)): each box relative to its proposal, (R, 4)

    x, y, w, h  centre and size of a box; with _p of the proposal. ArgumentError for a box without area.
    Girshick et al. 2014, arXiv:1311.2524, appendix C, eq. 6 to 9; the factors are the Fast R-CNN code's
    """
    name = "encode_boxes"
    x, y, w, h = _centre_and_size(name, "boxes", boxes)
    xp, yp, wp, hp = _centre_and_size(name, "proposals", proposals)
    if len(x) != len(xp):
        raise ShapeError(name, f"there are {len(x)} boxes, but {len(xp)} proposals; each box has its own.")
    for argument, sizes in (("boxes", (w, h)), ("proposals", (wp, hp))):
        if (np.minimum(*sizes) <= 0).any():
            raise ArgumentError(name, f"{argument} contain one without area, whose size has no logarithm.")
    return np.stack([(x - xp) / wp, (y - yp) / hp, np.log(w / wp), np.log(h / hp)], 1) * SCALES


def decode_boxes(offsets: Any, proposals: Boxes) -> np.ndarray:
    """The boxes that these offsets from the proposals mean, (R, 4): what encode_boxes undoes

    ln(w/w_p), ln(h/h_p) count as at most ln(1000/16).   Girshick et al. 2014, appendix C, eq. 1 to 4
    """
    t = move(as_tensor(offsets).data, "cpu")
    x, y, w, h = _centre_and_size("decode_boxes", "proposals", proposals)
    if t.shape != (len(x), 4):
        raise ShapeError("decode_boxes", f"offsets have shape {t.shape}; {len(x)} proposals need ({len(x)}, 4).")
    tx, ty, tw, th = (t / SCALES).T
    x, y = x + tx * w, y + ty * h
    w, h = w * np.exp(np.minimum(tw, LARGEST)), h * np.exp(np.minimum(th, LARGEST))
    return np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 1)


def clip_boxes_to_image(boxes: Boxes, size: tuple[int, int]) -> np.ndarray:
    """The parts of the boxes inside a picture of size (H, W)."""
    H, W = size
    return np.clip(checked_boxes("clip_boxes_to_image", "boxes", boxes), 0, [W, H, W, H])


def nms(boxes: Boxes, scores: Any, iou_threshold: float) -> np.ndarray:
    """The numbers of the boxes that stay when each, from the best score down, removes those too much like it.

    boxes (R, 4), scores (R,)  ->  (kept,) int64, by falling score; of equal scores the first is better.
    Removed is a box whose IoU with a better one that stays is more than the threshold.
    Girshick et al. 2014, arXiv:1311.2524, section 2.2: greedy non-maximum suppression
    """
    boxes, scores = checked_boxes("nms", "boxes", boxes), move(as_tensor(scores).data, "cpu")
    threshold = number("nms", "iou_threshold", iou_threshold, 0, 1)
    if scores.shape != (len(boxes),):
        raise ShapeError("nms", f"scores have shape {scores.shape}; {len(boxes)} boxes need ({len(boxes)},).")
    waiting, kept = np.argsort(-scores, kind="stable"), []
    while len(waiting):
        best, others = waiting[0], waiting[1:]
        kept.append(best)
        waiting = others[box_iou(boxes[[best]], boxes[others])[0] <= threshold]
    return np.array(kept, np.int64)


def _centre_and_size(name: str, argument: str, boxes: Boxes) -> tuple[np.ndarray, ...]:
    x1, y1, x2, y2 = checked_boxes(name, argument, boxes).T
    return (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1
