"""Real digits in larger pictures, with what there is to be found in them: a class for every pixel, and boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import tinyconv as tc
from tinyconv import nn
from tinyconv.data import mnist


@dataclass
class Scenes:
    """N pictures of two digits each, one on the left and one on the right, enlarged.

    images  (N, 1, size, size), about 0 with a spread of 1
    pixels  (N, size, size) uint8: 1 + digit on the ink and up to 2 pixels around it, 0 elsewhere
    boxes   for each picture (2, 4): x1, y1, x2, y2 around the ink
    labels  for each picture (2,): 1 + digit
    """

    images: tc.Tensor
    pixels: np.ndarray
    boxes: list[np.ndarray]
    labels: list[np.ndarray]


def scenes(count: int, size: int = 64, digit: int = 30) -> Scenes:
    data = mnist(train=False)
    i = np.arange(digit) * 28 // digit
    ink = data.images[: 2 * count, 0][:, i][:, :, i]
    near = sliding_window_view(np.pad(ink, ((0, 0), (2, 2), (2, 2))), (5, 5), (1, 2)).max((3, 4))
    images, pixels = np.zeros((count, 1, size, size), np.float32), np.zeros((count, size, size), np.uint8)
    boxes, labels = [], []
    for n in range(count):
        found = []
        for side in (0, 1):
            k = 2 * n + side
            y, x = (5 * k) % (size - digit), side * (size - digit)
            images[n, 0, y : y + digit, x : x + digit] = ink[k]
            pixels[n, y : y + digit, x : x + digit][near[k] > 127] = 1 + data.labels[k]
            rows, columns = np.nonzero(ink[k] > 127)
            found.append([x + columns.min(), y + rows.min(), x + columns.max() + 1, y + rows.max() + 1])
        boxes.append(np.array(found, np.float32))
        labels.append(1 + data.labels[2 * n : 2 * n + 2].astype(np.int64))
    return Scenes(tc.tensor((images - images.mean()) / images.std()), pixels, boxes, labels)


def small_features(*widths: int) -> nn.Sequential:
    """3x3 convolution, ReLU, max pooling, for each width; of grey pictures."""
    layers, C = [], 1
    for F in widths:
        layers += [nn.Conv2d(C, F, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        C = F
    return nn.Sequential(*layers)
