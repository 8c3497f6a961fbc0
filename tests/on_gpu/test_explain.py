"""Explanations of numbers that lie on a GPU."""

import numpy as np
from explain_checks import check

import tinyconv
from tinyconv import nn
from tinyconv.nn import functional as F
from tinyconv.tensor import Tensor


def test_the_terms_add_up(device, rng):
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(8, 3),
    ).to(device)
    x, labels = rng.standard_normal((2, 1, 4, 4)).astype(np.float32), np.array([0, 2])
    with tinyconv.trace() as trace:
        y = net(Tensor(x).to(device))
        z = F.interpolate(y[:, :, None, None], (2, 3), mode="bilinear")[:, [0, 1, 2], 0, 1]
        F.cross_entropy(z, Tensor(labels).to(device)).backward()
    for event in trace.events:
        check(event.output, rng)
    for p in net.parameters():
        check(p.grad, rng)
