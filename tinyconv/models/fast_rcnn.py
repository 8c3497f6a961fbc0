"""Fast R-CNN: what is in each of many boxes in a picture, and where exactly.

Girshick 2015, "Fast R-CNN", arXiv:1504.08083, section 2, on VGG's column D.

Where to look, some 2000 boxes a picture, must come from elsewhere: from selective search in the paper. boxes.py has
what is done with boxes, detection.py what the net is taught.

Departures from the paper: none in the net. VGG's first two convolutions learn too
(`features[:4].requires_grad_(False)` keeps them, as the paper does). Boxes are not counted with both end pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinyconv.nn.functional as F
from tinyconv import nn
from tinyconv.backend import array_module, move
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.ops.arguments import number
from tinyconv.tape import no_grad
from tinyconv.tensor import Operand, Tensor, as_tensor

from . import vgg
from .detection import Detections, detections
from .network import Network
from .registry import model
from .weights import he_


class FastRCNN(Network):
    """x (N, C, H, W) and boxes  ->  scores (R, K + 1), the first for background, and offsets (R, K, 4) for K classes

    features       the layers before: any module, x -> (N, channels, H', W')
    spatial_scale  from pixels of x to those of the features: 1/16 after four halvings
    forward(x, boxes): boxes (R, 5) of (n, x1, y1, x2, y2), or a list with (R_n, 4) for each picture; without any, the
    whole of each picture is one
    """

    def __init__(
        self,
        features: nn.Module,
        channels: int,
        spatial_scale: float,
        num_classes: int = 20,
        hidden: int = 4096,
        dropout: float = 0.5,
        output_size: int = 7,
    ):
        self.features = features
        self.roi_pool = nn.RoIPool(output_size, spatial_scale)  #       (R, 512, 7, 7)
        self.dense = nn.Sequential(
            {
                "flatten": nn.Flatten(),  #                             (R, 25088)
                "fc6": nn.Linear(channels * output_size**2, hidden),  # (R, 4096)
                "relu6": nn.ReLU(),
                "drop6": nn.Dropout(dropout),
                "fc7": nn.Linear(hidden, hidden),  #                    (R, 4096)
                "relu7": nn.ReLU(),
                "drop7": nn.Dropout(dropout),
            }
        )
        self.cls_score = nn.Linear(hidden, num_classes + 1)  #          (R, K + 1)
        self.bbox_pred = nn.Linear(hidden, 4 * num_classes)  #          (R, 4 K)
        for layer, std in ((self.cls_score, 0.01), (self.bbox_pred, 0.001)):  # section 2.3
            nn.init.normal_(layer.weight, std=std)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, boxes: Any = None) -> tuple[Tensor, Tensor]:
        y = self.features(x)
        if boxes is None:
            boxes = [np.array([[0, 0, x.shape[3], x.shape[2]]])] * len(x)
        y = self.dense(self.roi_pool(y, boxes))
        return self.cls_score(y), self.bbox_pred(y).reshape(len(y), self.bbox_pred.out_features // 4, 4)

    def loss(self, outputs: tuple[Tensor, Tensor], targets: tuple[Operand, Operand], weight: float = 1.0) -> Tensor:
        """mean over R boxes of   -ln p_u + weight [u >= 1] sum_i smooth_l1(t_i - v_i)      eq. 1 to 3

        outputs  scores, whose softmax is p, and offsets, of which t are those for class u
        targets  labels u (R,), 0 for background, and offsets v (R, 4): detection.targets_of finds them
        """
        weight = number("FastRCNN.loss", "weight", weight, 0)
        (scores, offsets), (labels, wanted) = outputs, map(as_tensor, targets[:2])
        entropy = F.cross_entropy(scores, labels)
        if wanted.shape != (len(labels), 4):
            problem = f"targets' offsets have shape {wanted.shape}; {len(labels)} labels need ({len(labels)}, 4)."
            raise ShapeError("FastRCNN.loss", problem)
        (objects,) = array_module(labels.data).nonzero(labels.data)
        t, v = offsets[objects, labels.data[objects].astype(np.int64) - 1], wanted[objects].to(offsets.dtype)
        return entropy + weight * F.smooth_l1_loss(t, v, reduction="sum") / len(labels)

    def detect(self, x: Tensor, boxes: Any, score: float = 0.05, iou: float = 0.3) -> list[Detections]:
        """The objects in each picture; without dropout only after eval().

        boxes  a list with (R_n, 4) for each picture
        score  what is less probable is left out;  iou: of two of one class that overlap more, the surer one stays
        """
        if not isinstance(boxes, (list, tuple)):
            kind = type(boxes).__name__
            raise ArgumentError("FastRCNN.detect", f"boxes is {kind}; it must be a list with (R, 4) for each picture.")
        with no_grad():
            scores, offsets = self(x, boxes)
        H, W = x.shape[2:]
        ends = np.cumsum([len(b) for b in boxes])[:-1]
        found = (np.split(move(a.data, "cpu"), ends) for a in (scores.softmax(1), offsets))
        return [detections(b, p, t, (H, W), score, iou) for b, p, t in zip(boxes, *found, strict=True)]


@model(year=2015, paper="Girshick 2015, arXiv:1504.08083", task="detection")
def fast_rcnn(
    num_classes: int = 20, in_channels: int = 3, width: int = 64, hidden: int = 4096, dropout: float = 0.5
) -> FastRCNN:
    """VGG-16's convolutions, without the last pooling, whose place the boxes' takes."""
    features = nn.Sequential(*vgg.layers("D", in_channels, width=width)[:-1])
    he_(features)
    return FastRCNN(features, 8 * width, 1 / 16, num_classes, hidden, dropout)
