"""How good a classifier is: accuracy, the confusion matrix, and precision, recall and F1 of each class."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tinyconv.backend import move
from tinyconv.errors import ArgumentError, DataError, DTypeError, ShapeError
from tinyconv.geometry import is_whole
from tinyconv.nn import Module
from tinyconv.nn.modes import modes_kept
from tinyconv.ops.activation import softmax
from tinyconv.ops.loss import cross_entropy
from tinyconv.ops.loss_arguments import NO_LABEL
from tinyconv.tape import no_grad
from tinyconv.tensor import Operand, Tensor, array_of

Metric = Callable[[Tensor, Tensor], float]  # of logits and targets

# ---------------------------------------------------------------- counting


def accuracy(logits: Operand, targets: Operand) -> float:
    """The share of rows whose largest entry is at the target; the first of equally large ones counts.

    logits (N, K), or anything that grows with them   targets (N,), whole numbers below K
    """
    z, t = _scored("accuracy", logits, targets)
    return float((z.argmax(1) == t).mean())


def top_k_accuracy(logits: Operand, targets: Operand, k: int = 5) -> float:
    """The share of rows whose target is among the k largest entries; of equally large ones the first come first.

    logits (N, K), or anything that grows with them   targets (N,), whole numbers below K   1 <= k <= K
    With k = 1 it is `accuracy`; 1 - top_k_accuracy(logits, targets, 5) is the top-5 error.
    """
    z, t = _scored("top_k_accuracy", logits, targets)
    K = z.shape[1]
    if not is_whole(k) or not 1 <= k <= K:
        raise ArgumentError("top_k_accuracy", f"k is {k!r}; with {K} classes it must be a whole number from 1 to {K}.")
    # Sorted backwards, so that the first of equals is the last of them, and NaN the largest, as for argmax.
    largest = K - 1 - z[:, ::-1].argsort(1, kind="stable")[:, K - k :]
    return float((largest == t[:, None]).any(1).mean())


def _scored(operation: str, logits: Operand, targets: Operand) -> tuple[np.ndarray, np.ndarray]:
    """Rows of scores (N, K) and their targets (N,)."""
    z = _array(logits)
    if z.ndim != 2 or z.size == 0:
        raise ShapeError(operation, f"logits have shape {z.shape}; they must be (N, K) with at least one entry.")
    t = _labels(operation, "targets", targets, z.shape[1])
    if len(t) != len(z):
        raise ShapeError(operation, f"there are {len(z)} rows of logits, but {len(t)} targets.")
    return z, t


def confusion_matrix(targets: Operand, predictions: Operand, num_classes: int) -> np.ndarray:
    """m[t, p] = how many pictures of class t were taken for class p, (K, K) int64

    targets, predictions (N,), whole numbers below K = num_classes
    """
    K = num_classes
    if not isinstance(K, (int, np.integer)) or K < 1:
        raise ArgumentError("confusion_matrix", f"num_classes is {K!r}; it must be a whole number of at least 1.")
    t = _labels("confusion_matrix", "targets", targets, K)
    p = _labels("confusion_matrix", "predictions", predictions, K)
    if len(t) != len(p):
        raise ShapeError("confusion_matrix", f"there are {len(t)} targets, but {len(p)} predictions.")
    return np.bincount(t * K + p, minlength=K * K).reshape(K, K)


def _array(x: Operand) -> np.ndarray:
    x = array_of(x)
    return move(x, "cpu") if hasattr(x, "ndim") else np.asarray(x)


def _labels(operation: str, argument: str, labels: Operand, K: int) -> np.ndarray:
    """The labels as int64 (N,), each from 0 to K - 1."""
    labels = _array(labels)
    if labels.ndim != 1:
        raise ShapeError(operation, f"{argument} have shape {labels.shape}; they must be (N,), a class number each.")
    if labels.dtype.kind not in "iu" and labels.size:
        raise DTypeError(operation, f"{argument} are {labels.dtype}; they must be whole numbers.")
    if labels.size and not 0 <= labels.min() <= labels.max() < K:
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise ArgumentError(operation, f"{argument} contain {wrong}; with {K} classes they must be 0 to {K - 1}.")
    return labels.astype(np.int64)


# ---------------------------------------------------------------- judging


class Scores(NamedTuple):
    """Precision, recall and F1: an array (K,) each for K classes, a number each for their average."""

    precision: Any
    recall: Any
    f1: Any


@dataclass(frozen=True, eq=False)
class Report:
    """What `classification_report` found.

    per_class  Scores of K classes   undefined  Scores of bools: where such a score is 0/0, counted as 0
    support    (K,), pictures of each class
    accuracy   share of all pictures that were classified rightly
    macro      plain average of the classes' scores
    weighted   their average by support
    """

    classes: tuple[str, ...]
    per_class: Scores
    undefined: Scores
    support: np.ndarray
    accuracy: float
    macro: Scores
    weighted: Scores


def classification_report(matrix: np.ndarray, classes: Sequence[str]) -> Report:
    """Precision, recall and F1 of each class, from a confusion matrix.

    precision[k] = m[k, k] / sum_t m[t, k]     of all taken for k, how many are k
    recall[k]    = m[k, k] / sum_p m[k, p]     of all that are k, how many were found
    f1[k]        = 2 m[k, k] / (sum_t m[t, k] + sum_p m[k, p]), their harmonic mean
    """
    m = np.asarray(matrix)
    if m.ndim != 2 or m.shape[0] != m.shape[1]:
        raise ShapeError("classification_report", f"matrix has shape {m.shape}; a confusion matrix is square.")
    if len(classes) != len(m):
        raise ShapeError("classification_report", f"matrix has {len(m)} classes, but there are {len(classes)} names.")
    if not m.sum():
        raise DataError("classification_report", "matrix counts no pictures: there is nothing to report.")
    hits, predicted, support = m.diagonal(), m.sum(0), m.sum(1)
    parts = Scores((hits, predicted), (hits, support), (2 * hits, predicted + support))
    scores = Scores(*(a / np.maximum(b, 1) for a, b in parts))
    return Report(
        classes=tuple(classes),
        per_class=scores,
        undefined=Scores(*(b == 0 for _, b in parts)),
        support=support,
        accuracy=float(hits.sum() / m.sum()),
        macro=Scores(*(float(x.mean()) for x in scores)),
        weighted=Scores(*(float(np.average(x, weights=support)) for x in scores)),
    )


# ---------------------------------------------------------------- evaluating a model


@contextmanager
def evaluating(model: Module) -> Iterator[str]:
    """The model in evaluation mode, and nothing recorded; gives its device, and puts its mode back."""
    with modes_kept(model), no_grad():
        model.eval()
        yield next((p.device for p in model.parameters()), "cpu")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model makes of N pictures: means, and its answer to each.

    targets, predictions (N,) int64   probabilities (N, K), softmax of the logits
    metrics  the values of those that were asked for, by name
    """

    loss: float
    accuracy: float
    targets: np.ndarray
    predictions: np.ndarray
    probabilities: np.ndarray
    metrics: dict[str, float] = field(default_factory=dict)

    @property
    def confusion_matrix(self) -> np.ndarray:
        """m[t, p] = how many pictures of class t were taken for class p, (K, K) int64"""
        return confusion_matrix(self.targets, self.predictions, self.probabilities.shape[1])

    def report(self, classes: Sequence[str] | None = None) -> Report:
        """Precision, recall and F1 of each class, by the classes' names or else their numbers."""
        names = classes or [str(k) for k in range(self.probabilities.shape[1])]
        return classification_report(self.confusion_matrix, names)


def evaluate(
    model: Module,
    loader: Iterable[tuple[Tensor, Tensor]],
    loss_fn: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
    metrics: Mapping[str, Metric] | None = None,
) -> Evaluation:
    """Run the model over all batches, in evaluation mode and without recording, and put its mode back.

    loader   gives batches of images (N, C, H, W) and labels (N,); DataError if it gives none
    loss_fn  (logits, labels) -> the batch's mean loss; averaged here over pictures, not batches
    metrics  {name: function of logits (N, K) and targets (N,) -> number}, called once with all N pictures
    """
    loss, targets, scores, probabilities = 0.0, [], [], []
    with evaluating(model) as device:
        for images, labels in loader:
            logits = model(images.to(device))
            loss += loss_fn(logits, labels.to(device)).item() * len(labels)
            targets.append(_array(labels))
            probabilities.append(_array(softmax(logits, 1)))
            if metrics:
                scores.append(_array(logits))
    if not targets:
        raise DataError("evaluate", "the loader gives no batches: there is nothing to evaluate.")
    t, p = np.concatenate(targets), np.concatenate(probabilities)
    values = {}
    if metrics:
        z = Tensor(np.concatenate(scores))
        values = {name: float(metric(z, Tensor(t))) for name, metric in metrics.items()}
    return Evaluation(loss / len(t), accuracy(p, t), t, p.argmax(1), p, values)


def evaluate_heads(model: Module, loader: Iterable[tuple[Tensor, Mapping[str, Operand]]]) -> dict[str, float]:
    """The accuracy of each output of a model that gives several, by name; NaN if no picture has a label for it.

    model   images -> {name: logits (N, K)}
    loader  gives batches of images and {name: labels (N,)}; DataError if it gives none. A label of -100 is unknown
    """
    hits: dict[str, float] = {}
    count: dict[str, int] = {}
    with evaluating(model) as device:
        for images, labels in loader:
            for name, logits in model(images.to(device)).items():
                if name not in labels:
                    known = ", ".join(map(repr, labels))
                    raise ArgumentError("evaluate_heads", f"labels have no {name!r}; they have {known}.")
                z, t = _array(logits), _array(labels[name])
                there = t != NO_LABEL
                n = int(there.sum())
                hits[name] = hits.get(name, 0.0) + (accuracy(z[there], t[there]) * n if n else 0.0)
                count[name] = count.get(name, 0) + n
    if not count:
        raise DataError("evaluate_heads", "the loader gives no batches: there is nothing to evaluate.")
    return {name: hits[name] / n if n else math.nan for name, n in count.items()}
