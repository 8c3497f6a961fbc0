"""How good a classifier is: accuracy, the confusion matrix, and precision, recall and F1 of each class."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tinyconv.backend import move
from tinyconv.errors import ArgumentError, DataError, DTypeError, ShapeError
from tinyconv.nn import Module
from tinyconv.nn.modes import modes_kept
from tinyconv.ops.activation import softmax
from tinyconv.ops.loss import cross_entropy
from tinyconv.tape import no_grad
from tinyconv.tensor import Operand, Tensor, array_of

# ---------------------------------------------------------------- counting


def accuracy(logits: Operand, targets: Operand) -> float:
    """The share of rows whose largest entry is at the target; the first of equally large ones counts.

    logits (N, K), or anything that grows with them   targets (N,), whole numbers below K
    """
    logits = _array(logits)
    if logits.ndim != 2 or logits.size == 0:
        raise ShapeError("accuracy", f"logits have shape {logits.shape}; they must be (N, K) with at least one entry.")
    N, K = logits.shape
    targets = _labels("accuracy", "targets", targets, K)
    if len(targets) != N:
        raise ShapeError("accuracy", f"there are {N} rows of logits, but {len(targets)} targets.")
    return float((logits.argmax(1) == targets).mean())


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
    """

    loss: float
    accuracy: float
    targets: np.ndarray
    predictions: np.ndarray
    probabilities: np.ndarray


def evaluate(
    model: Module,
    loader: Iterable[tuple[Tensor, Tensor]],
    loss_fn: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
) -> Evaluation:
    """Run the model over all batches, in evaluation mode and without recording, and put its mode back.

    loader   gives batches of images (N, C, H, W) and labels (N,); DataError if it gives none
    loss_fn  (logits, labels) -> the batch's mean loss; averaged here over pictures, not batches
    """
    loss, targets, probabilities = 0.0, [], []
    with evaluating(model) as device:
        for images, labels in loader:
            logits = model(images.to(device))
            loss += loss_fn(logits, labels.to(device)).item() * len(labels)
            targets.append(_array(labels))
            probabilities.append(_array(softmax(logits, 1)))
    if not targets:
        raise DataError("evaluate", "the loader gives no batches: there is nothing to evaluate.")
    t, p = np.concatenate(targets), np.concatenate(probabilities)
    return Evaluation(loss / len(t), accuracy(p, t), t, p.argmax(1), p)


def evaluate_heads(model: Module, loader: Iterable[tuple[Tensor, Mapping[str, Operand]]]) -> dict[str, float]:
    """The accuracy of each output of a model that gives several, by name.

    model   images -> {name: logits (N, K)}
    loader  gives batches of images and {name: labels (N,)}; DataError if it gives none
    """
    hits: dict[str, list[float]] = {}
    count = 0
    with evaluating(model) as device:
        for images, labels in loader:
            for name, logits in model(images.to(device)).items():
                if name not in labels:
                    known = ", ".join(map(repr, labels))
                    raise ArgumentError("evaluate_heads", f"labels have no {name!r}; they have {known}.")
                hits.setdefault(name, []).append(accuracy(logits, labels[name]) * len(images))
            count += len(images)
    if not count:
        raise DataError("evaluate_heads", "the loader gives no batches: there is nothing to evaluate.")
    return {name: sum(of_batches) / count for name, of_batches in hits.items()}
