"""Softmax and losses: what must be subtracted, summed and divided once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyconv.nn.functional import cross_entropy, mse_loss
from tinyconv.ops import log_softmax, mean, softmax, sum
from tinyconv.tensor import Tensor, record

from . import exhibit

N, K = 3, 5
LABELS = np.array([0, 3, 1])
ONE_HOT = np.eye(K)[LABELS]


def cross_entropy_with(x: Tensor, rule: Callable, targets: np.ndarray = ONE_HOT) -> Tensor:
    """The mean cross entropy with another gradient: rule(dy, x)."""
    return record("cross_entropy", cross_entropy(x, Tensor(targets)).data, (x, lambda dy: rule(dy, x)))


def right_cross_entropy(x: Tensor) -> Tensor:
    return cross_entropy(x, Tensor(ONE_HOT))


@exhibit(
    (N, K),
    right=softmax,
    hint="sums the outputs might not have seen",
    symptom="Nothing learns. Checks that sum the outputs say all is right: probabilities sum to 1, whatever x is.",
)
def softmax_gives_nothing(x: Tensor) -> Tensor:
    """dx is zero, as it is for a sum of probabilities."""
    return record("softmax", softmax(x).data, (x, lambda dy: dy * 0))


@exhibit(
    (N, K),
    right=softmax,
    hint="each dy to its own place alone",
    symptom="Trains slowly towards overconfident outputs: raising one class does not lower the others.",
)
def softmax_diagonal_only(x: Tensor) -> Tensor:
    """dx = dy y (1 - y), the diagonal of the Jacobian: right for a sigmoid."""
    return record("softmax", softmax(x).data, (x, lambda dy, y: dy * y * (1 - y)))


@exhibit(
    (N, K),
    right=log_softmax,
    hint="each dy to its own place alone",
    symptom="Logits grow together without bound.",
)
def log_softmax_without_the_sum(x: Tensor) -> Tensor:
    """dx = dy - y dy instead of dy - y sum dy."""
    return record("log_softmax", log_softmax(x).data, (x, lambda dy, y: dy - y.exp() * dy))


@exhibit(
    (N, K),
    right=right_cross_entropy,
    hint="3, the size of axis 0 (the batch, N) of input 0, so a mean was taken for a sum",
    symptom="Diverges with large batches, trains with small ones.",
)
def not_divided_by_the_batch(x: Tensor) -> Tensor:
    """The loss is a mean over the batch, its gradient that of the sum."""
    return cross_entropy_with(x, lambda dy, x: dy * (softmax(x) - Tensor(ONE_HOT)))


@exhibit(
    (N, K),
    right=right_cross_entropy,
    hint="softmax was taken twice",
    symptom="The loss stays high, for probabilities of probabilities never come near 1; the net still learns a bit.",
)
def softmax_taken_twice(x: Tensor) -> Tensor:
    """dx = softmax(softmax(x)) - t: the loss was given probabilities for logits."""
    return cross_entropy_with(x, lambda dy, x: dy / N * (softmax(softmax(x)) - Tensor(ONE_HOT)))


@exhibit(
    (N, K),
    right=lambda x: cross_entropy(x, Tensor(0.9 * ONE_HOT + 0.1 / K)),
    hint="target enters with a wrong share or sign",
    symptom="The net becomes surer instead of less sure, and the loss cannot reach its minimum.",
)
def smoothing_of_the_wrong_sign(x: Tensor) -> Tensor:
    """Label smoothing moves the targets away from 1/K instead of towards it."""
    smooth = 0.9 * ONE_HOT + 0.1 / K
    wrong = 1.1 * ONE_HOT - 0.1 / K
    return cross_entropy_with(x, lambda dy, x: dy / N * (softmax(x) - Tensor(wrong)), smooth)


@exhibit(
    (N, K),
    right=right_cross_entropy,
    hint="must be multiplied by dy",
    symptom="Right as long as the loss is the last thing; weighted sums of losses ignore their weights.",
)
def dy_forgotten(x: Tensor) -> Tensor:
    """dx is computed as if dy were 1."""
    return cross_entropy_with(x, lambda dy, x: (softmax(x) - Tensor(ONE_HOT)) / N)


@exhibit(
    (N, K),
    right=lambda x: cross_entropy(x[:2], Tensor(ONE_HOT[:2])),
    hint="numbers where the derivative is zero",
    symptom="Pixels that are marked to be ignored are learned as class 0.",
)
def ignored_rows_not_ignored(x: Tensor) -> Tensor:
    """The loss leaves the last row out, dx does not."""
    loss = cross_entropy(x[:2], Tensor(ONE_HOT[:2])).data
    return record("cross_entropy", loss, (x, lambda dy: dy / 2 * (softmax(x) - Tensor(ONE_HOT))))


@exhibit(
    (4, 3),
    (4, 3),
    right=mse_loss,
    hint="the 2 of a square",
    symptom="Everything trains with half the learning rate that was set.",
)
def factor_of_two_forgotten(x: Tensor, t: Tensor) -> Tensor:
    """The gradient of the half sum of squares for a mean of whole squares."""
    return record("mse", mse_loss(x, t).data, (x, lambda dy: dy * (x - t) / 12), (t, lambda dy: dy * (t - x) / 12))


@exhibit(
    (7, 3),
    right=lambda x: mean(x, 0),
    hint="7, the size of axis 0 (the batch, N) of input 0, so a mean was taken for a sum",
    symptom="The step grows with the batch; a learning rate found for 32 pictures fails with 256.",
)
def mean_taken_for_a_sum(x: Tensor) -> Tensor:
    """Forward is a mean, backward that of a sum."""
    return record("mean", x.data.mean(0), (x, lambda dy: dy + 0 * x))


@exhibit(
    (7, 3),
    right=lambda x: sum(x, 0),
    hint="1/7, the size of axis 0 (the batch, N) of input 0",
    symptom="The step shrinks with the batch.",
)
def sum_taken_for_a_mean(x: Tensor) -> Tensor:
    """Forward is a sum, backward that of a mean."""
    return record("sum", x.data.sum(0), (x, lambda dy: dy / 7 + 0 * x))
