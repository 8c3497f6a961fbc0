"""Pooling and dropout: who gets dy, and how much of it."""

from __future__ import annotations

import numpy as np

from tinyconv import random
from tinyconv.nn.functional import avg_pool2d, max_pool2d
from tinyconv.ops import mean, reshape, transpose
from tinyconv.ops.shape import expand
from tinyconv.tensor import Tensor, grad, record

from . import exhibit


def with_tied_winners(x: np.ndarray) -> np.ndarray:
    """A maximum that occurs twice in the first window."""
    x[0, 0, 0, :2] = 5.0
    return x


def spread(dy: Tensor, k: int) -> Tensor:
    """Each dy to all k x k places of its window."""
    N, C, H, W = dy.shape
    return reshape(expand(reshape(dy, N, C, H, 1, W, 1), N, C, H, k, W, k), N, C, k * H, k * W)


def pulled_back(y: Tensor, x: Tensor, dy: Tensor) -> Tensor:
    """dx of a right operation, to be spoilt by its caller."""
    (dx,) = grad(y, x, dy, retain_graph=True)
    return x * 0 if dx is None else dx


@exhibit(
    (2, 2, 6, 8),
    right=lambda x: max_pool2d(x, 2),
    prepare=with_tied_winners,
    hint="several winners",
    symptom="After a ReLU, windows of zeros tie all the time: gradients are up to four times too large.",
)
def ties_counted_twice(x: Tensor) -> Tensor:
    """Every pixel that equals the maximum gets all of dy."""
    y = max_pool2d(x, 2).data
    winners = Tensor((x.data == y.repeat(2, 2).repeat(2, 3)).astype(float))
    return record("max_pool2d", y, (x, lambda dy: spread(dy, 2) * winners))


@exhibit(
    (2, 2, 6, 6),
    right=lambda x: max_pool2d(x, 2),
    hint="right but in other places",
    symptom="The net learns with features that are a pixel off; hard to see, a few percent lost.",
)
def winner_in_the_wrong_order(x: Tensor) -> Tensor:
    """The winner's place is written as ky KW + kx and read as kx KH + ky."""
    right = max_pool2d(x, 2)

    def rule(dy: Tensor) -> Tensor:
        windows = reshape(pulled_back(right, x, dy), 2, 2, 3, 2, 3, 2)
        return reshape(transpose(windows, 3, 5), x.shape)

    return record("max_pool2d", right.data, (x, rule))


@exhibit(
    (1, 2, 7, 7),  # so large that no pixel can win all windows of its map
    right=lambda x: max_pool2d(x, 3, stride=1),
    hint="must all be added up",
    symptom="Overlapping pooling (3 with stride 2) trains worse than pooling without overlap.",
)
def overlaps_overwritten(x: Tensor) -> Tensor:
    """dx[winner] = dy instead of +=: a pixel that wins several windows gets the dy of one."""
    y = max_pool2d(x, 3, stride=1).data

    def rule(dy: Tensor) -> Tensor:
        dx = np.zeros(x.shape)
        for n, c, i, j in np.ndindex(y.shape):
            window = x.data[n, c, i : i + 3, j : j + 3]
            ky, kx = np.unravel_index(window.argmax(), (3, 3))
            dx[n, c, i + ky, j + kx] = dy.data[n, c, i, j]
        return Tensor(dx)

    return record("max_pool2d", y, (x, rule))


@exhibit(
    (1, 2, 6, 10),
    right=lambda x: avg_pool2d(x, 2),
    hint="the elements of a window",
    symptom="Each pooling layer multiplies the gradients before it by 4: the first layers diverge.",
)
def average_not_divided(x: Tensor) -> Tensor:
    """dx hands all of dy to every pixel of the window."""
    return record("avg_pool2d", avg_pool2d(x, 2).data, (x, lambda dy: spread(dy, 2)))


@exhibit(
    (5, 3, 2, 7),
    right=lambda x: mean(x, (2, 3)),
    hint="14 = H*W",
    symptom="Global average pooling makes the gradients of all layers before it H*W times too large.",
)
def global_average_not_divided(x: Tensor) -> Tensor:
    """dx hands all of dy to every pixel of the map."""
    return record("mean", x.data.mean((2, 3)), (x, lambda dy: expand(reshape(dy, 5, 3, 1, 1), x.shape)))


@exhibit(
    (2, 1, 6, 6),
    right=lambda x: avg_pool2d(x, 2, padding=1, count_include_pad=False),
    hint="wrong at the border",
    symptom="Borders of pictures count less than their middle, and no error ever shows.",
)
def border_counted_wrongly(x: Tensor) -> Tensor:
    """Forward divides by the pixels inside the picture, backward by the whole window."""
    y = avg_pool2d(x, 2, padding=1, count_include_pad=False).data
    other = avg_pool2d(x, 2, padding=1)
    return record("avg_pool2d", y, (x, lambda dy: pulled_back(other, x, dy)))


# ---------------------------------------------------------------- dropout


def keep(x: Tensor, p: float = 0.4) -> np.ndarray:
    return random.stream("dropout").random(x.shape) >= p


def dropped(x: Tensor) -> Tensor:
    return x * Tensor(keep(x) / 0.6)


@exhibit(
    (4, 9),
    right=dropped,
    hint="draws random numbers anew",
    symptom="Gradients are noise: each is for a net that was never run. It learns, far too slowly.",
)
def mask_drawn_anew(x: Tensor) -> Tensor:
    """dx uses a new mask, not the one of forward."""
    return record("dropout", x.data * keep(x) / 0.6, (x, lambda dy: dy * Tensor(keep(x) / 0.6)))


@exhibit(
    (4, 9),
    right=dropped,
    hint="dropout's scale 1/(1 - p) is missing",
    symptom="Layers before a dropout learn with 1 - p of their learning rate, more so the more dropouts there are.",
)
def dropout_scale_missing(x: Tensor) -> Tensor:
    """Forward divides what it keeps by 1 - p, backward does not."""
    mask = keep(x)
    return record("dropout", x.data * mask / 0.6, (x, lambda dy: dy * Tensor(mask.astype(float))))


@exhibit(
    (4, 9),
    right=dropped,
    hint="numbers where the derivative is zero",
    symptom="Dropout regularises less than it should.",
)
def mask_forgotten(x: Tensor) -> Tensor:
    """dx goes through where forward has dropped."""
    return record("dropout", x.data * keep(x) / 0.6, (x, lambda dy: dy / 0.6))
