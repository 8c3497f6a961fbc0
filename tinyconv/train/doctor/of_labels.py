"""What can be wrong with the labels of a batch, and with all that an epoch brings."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .finding import Says, some
from .look import Look

# ---------------------------------------------------------------- of one batch; the loss decides what it takes


def labels_out_of_range(e: Look) -> Says:
    t = e.labels
    if e.failure is None or e.logits is None or t is None or t.dtype.kind not in "iu" or t.ndim == 2 or not t.size:
        return None
    least, most, K = int(t.min()), int(t.max()), e.outputs
    if least >= 0 and most < K:
        return None
    from_one = least >= 1 and most == K
    return (
        f"the labels run from {least} to {most}; the net has {K} outputs, for the labels 0 to {K - 1}.",
        "The output that a label names must be there.",
        "They count from 1: train on labels - 1."
        if from_one
        else f"Number the classes 0, 1, 2, ..., or give the net num_classes={most + 1}.",
    )


def labels_not_whole(e: Look) -> Says:
    t = e.labels
    if e.failure is None or e.logits is None or t is None or t.ndim != 1 or t.dtype.kind != "f":
        return None
    whole = bool((t == np.round(t)).all())
    return (
        f"the labels are {t.dtype}, such as {t[0]:g}; the net has {e.outputs} outputs.",
        "The loss picks an output by its number, and needs whole numbers for that.",
        "Use labels.astype(np.int64)."
        if whole
        else "Numbers to be predicted want another loss, such as mse_loss, and a net with one output.",
    )


def labels_one_hot(e: Look) -> Says:
    t = e.labels
    if e.failure is None or e.logits is None or t is None or t.ndim != 2 or t.shape[1] < 2:
        return None
    if not (np.isin(t, (0, 1)).all() and (t.sum(1) == 1).all()):
        return None
    columns = "" if t.shape[1] == e.outputs else f", with {t.shape[1]} columns for a net with {e.outputs} outputs"
    return (
        f"the labels are one-hot rows, {t.shape}{columns}.",
        "This loss takes the number of each picture's class, or rows with a column for every output.",
        "Use labels.argmax(1)." if not columns else f"Give the net num_classes={t.shape[1]}, and labels.argmax(1).",
    )


def labels_no_probabilities(e: Look) -> Says:
    t = e.labels
    if not e.has_softmax or t is None or e.logits is None or t.ndim != 2 or t.shape != e.logits.shape:
        return None
    sums = t.sum(1, dtype=np.float64)
    if t.min() >= 0 and np.allclose(sums, 1, atol=1e-2):
        return None
    return (
        f"the labels are rows of probabilities, but they sum to {sums.min():g} to {sums.max():g}, least {t.min():g}.",
        "Cross entropy compares distributions; other sums scale each picture's gradient, several classes at once "
        "contradict each other.",
        "Divide each row by its sum; for several classes at once use binary_cross_entropy_with_logits.",
    )


def labels_all_equal(e: Look) -> Says:
    c = e.classes
    if c is None or len(c) < 64 or e.outputs < 3 or (c != c[0]).any():
        return None
    return (
        f"all {len(c)} pictures of the batch are of class {c[0]}, and the net has {e.outputs} outputs.",
        "From such a batch a net learns to say that class whatever it sees.",
        "DataLoader(..., shuffle=True), or look at where the labels come from.",
    )


CHECKS = (labels_out_of_range, labels_not_whole, labels_one_hot, labels_no_probabilities, labels_all_equal)

# ---------------------------------------------------------------- of an epoch


@dataclass
class Census:
    """The labels of the epoch so far, in their order.

    counts   (K,), pictures of each class   changes  how often a picture is of another class than the one before it
    """

    K: int
    counts: np.ndarray = field(init=False)
    changes: int = 0
    last: int | None = None
    complete: bool = False

    def __post_init__(self) -> None:
        self.counts = np.zeros(self.K, np.int64)

    def add(self, classes: np.ndarray) -> None:
        classes = classes[(classes >= 0) & (classes < self.K)]  # others count nothing in the loss, or it refuses them
        if not len(classes):
            return
        self.counts += np.bincount(classes, minlength=self.K)
        self.changes += int(np.count_nonzero(classes[1:] != classes[:-1]))
        self.changes += self.last is not None and int(classes[0]) != self.last
        self.last = int(classes[-1])

    @property
    def n(self) -> int:
        return int(self.counts.sum())


def order_not_shuffled(c: Census) -> Says:
    """In a random order the class changes with probability 1 - sum_k p_k^2 from one picture to the next."""
    p = c.counts / max(c.n, 1)
    expected = (c.n - 1) * (1 - float(p @ p))
    if expected < 100 or c.changes > expected / 2:
        return None
    return (
        f"in the first {c.n} pictures the class changes {c.changes} times; a random order has {expected:.0f} changes.",
        "Batches of few classes pull the net one way and then the other, and it forgets what came before.",
        "DataLoader(..., shuffle=True).",
    )


def one_class_alone(c: Census) -> Says:
    if c.K < 2 or np.count_nonzero(c.counts) != 1 or c.n < (32 if c.complete else 1000):
        return None
    k, all_of = int(c.counts.argmax()), "all" if c.complete else "the first"
    return (
        f"{all_of} {c.n} pictures of the epoch are of class {k}, and the net has {c.K} outputs.",
        "The net learns to say that class whatever it sees.",
        "Look at where the labels come from; if the data is sorted by class, DataLoader(..., shuffle=True).",
    )


def class_missing(c: Census) -> Says:
    missing = np.flatnonzero(c.counts == 0)
    if not c.complete or c.n < 20 * c.K or not 0 < len(missing) < c.K - 1:
        return None
    from_one = list(missing) == [0]
    return (
        f"no picture of the epoch's {c.n} is of class {some([str(k) for k in missing])}, of {c.K}.",
        "Outputs that are never right only learn to be low; the labels may not be numbered as you think.",
        "If the labels count from 1: train on labels - 1, with one output less."
        if from_one
        else f"Check the labels; a net for {c.K - len(missing)} classes needs num_classes={c.K - len(missing)}.",
    )


def classes_unbalanced(c: Census) -> Says:
    there = c.counts[c.counts > 0]
    if not c.complete or c.n < 20 * c.K or len(there) < 2 or there.max() < 30 * there.min():
        return None
    most, least = int(c.counts.argmax()), int(np.flatnonzero(c.counts == there.min())[0])
    return (
        f"class {most} has {there.max()} pictures, class {least} has {there.min()}: {there.max() / c.n:.0%} of all "
        f"are of class {most}.",
        f"A net that always says {most} is right that often, so accuracy says little, and rare classes are hardly "
        "learned.",
        "Judge by each class's recall (classification_report); weigh the loss, cross_entropy(y, t, weight=...), or "
        "show rare classes more often.",
    )


CENSUS_CHECKS = (order_not_shuffled, one_class_alone, class_missing, classes_unbalanced)
