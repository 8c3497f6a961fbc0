"""How good a classifier is when it sees each picture in several ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyconv.data.transforms.base import Pictures
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.geometry import whole
from tinyconv.nn import Module
from tinyconv.ops.activation import softmax
from tinyconv.tensor import Tensor
from tinyconv.train.metrics import Report, classification_report, confusion_matrix, evaluating, top_k_accuracy

from .ensemble import Ensemble
from .fully_convolutional import as_fully_convolutional
from .inputs import as_input
from .view import View


@dataclass(frozen=True, eq=False)
class ViewEvaluation:
    """What models make of N pictures of K classes, all views averaged.

    errors         {k: share of the pictures whose class is not among the k likeliest}
    targets        (N,), predictions (N,), int64
    probabilities  (N, K), rows add up to 1
    classes        their names
    """

    errors: dict[int, float]
    targets: np.ndarray
    probabilities: np.ndarray
    classes: tuple[str, ...]

    @property
    def predictions(self) -> np.ndarray:
        return self.probabilities.argmax(1)

    @property
    def matrix(self) -> np.ndarray:
        """(K, K): pictures of class t that were taken for class p"""
        return confusion_matrix(self.targets, self.predictions, len(self.classes))

    @property
    def report(self) -> Report:
        """Precision, recall and F1 of each class."""
        return classification_report(self.matrix, self.classes)


def evaluate_views(
    models: Module | Sequence[Module],
    dataset: Any,
    views: View | Sequence[View],
    normalize: Callable[[np.ndarray], np.ndarray] | None = None,
    batch_size: int = 100,
    topk: Sequence[int] = (1, 5),
    input_size: tuple[int, int, int] | None = None,
) -> ViewEvaluation:
    """p[n] = mean over models of mean over views of mean over a view's batches of softmax of the logits

    models     a classifier that gives logits (N, K), or several, whose probabilities are averaged as in `Ensemble`
    dataset    of tinyconv.data; where its pictures have different sizes, the views must make them fit the net
    views      a view, or several: `scales(view, sizes)`, or crops and dense together as in VGG's table 5
    normalize  such as Normalize(mean, std); None: black is 0, white is 1
    batch_size pictures that go through the net at once, all that is ever held in memory
    topk       the errors that are counted; where there are no more than k classes, that one is 0
    input_size (C, H, W) of the pictures of training, for dense views; a model of the zoo knows those of its paper
    Raises ArgumentError, ShapeError, and what the views and the nets raise.
    """
    model, views = _one_model(models), _several(views)
    whole("evaluate_views", "batch_size", batch_size, least=1)
    ks = [whole("evaluate_views", "topk", k, least=1) for k in topk]
    nets = [as_fully_convolutional(model, input_size) if view.dense else model for view in views]
    probabilities = []
    with evaluating(model):
        for start in range(0, len(dataset), batch_size):
            pictures = dataset.batch(np.arange(start, min(start + batch_size, len(dataset))))
            of_views = [_of_view(net, view, pictures, normalize) for net, view in zip(nets, views, strict=True)]
            probabilities.append(np.mean(of_views, axis=0))
    return _judged(dataset.labels, np.concatenate(probabilities), tuple(dataset.classes), ks)


def averaged(results: Sequence[ViewEvaluation]) -> ViewEvaluation:
    """p[n] = mean over the results of their p[n]: models that want different pictures, or are not there at once.

    Raises ArgumentError for results of different pictures.   Simonyan and Zisserman 2015, arXiv:1409.1556, section 4.4
    """
    if not results:
        raise ArgumentError("averaged", "results is empty; give at least one.")
    first = results[0]
    for other in results[1:]:
        if other.classes != first.classes or not np.array_equal(other.targets, first.targets):
            raise ArgumentError("averaged", "the results are of different pictures, or of different classes.")
    p = np.mean([result.probabilities for result in results], axis=0)
    return _judged(first.targets, p, first.classes, sorted(first.errors))


def _one_model(models: Module | Sequence[Module]) -> Module:
    return models if isinstance(models, Module) else Ensemble(models)


def _several(views: View | Sequence[View]) -> list[View]:
    views = [views] if isinstance(views, View) else list(views)
    if not views:
        raise ArgumentError("evaluate_views", "views is empty; give at least one, such as CenterView().")
    for view in views:
        if not isinstance(view, View):
            problem = f"{view!r} is no view; give views such as CenterView() or TenCropView(28)."
            raise ArgumentError("evaluate_views", problem)
    return views


def _of_view(net: Module, view: View, pictures: Pictures, normalize: Callable | None) -> np.ndarray:
    """(N, K): the mean over the batches that the view makes of the pictures"""
    total: Any = 0.0  # a running sum: 144 batches need not be held
    count = 0
    for batch in view(pictures):
        total = total + _probabilities(net, batch, normalize)
        count += 1
    return total / count


def _probabilities(net: Module, pictures: Pictures, normalize: Callable | None) -> np.ndarray:
    """(N, K), float64; pictures of one size go through the net together"""
    if isinstance(pictures, list):
        shapes = [x.shape for x in pictures]
        rows_of: list[Any] = [None] * len(pictures)
        for shape in dict.fromkeys(shapes):
            same = [i for i, other in enumerate(shapes) if other == shape]
            rows = _probabilities(net, np.stack([pictures[i] for i in same]), normalize)
            for i, row in zip(same, rows, strict=True):
                rows_of[i] = row
        return np.stack(rows_of)
    logits = net(as_input(net, (normalize or _unit)(pictures)))
    if not isinstance(logits, Tensor) or logits.ndim != 2:
        found = logits.shape if isinstance(logits, Tensor) else type(logits).__name__
        raise ShapeError("evaluate_views", f"the net gives {found}; a classifier gives logits (N, K).")
    return softmax(logits, 1).cpu().numpy().astype(np.float64)


def _unit(pictures: np.ndarray) -> np.ndarray:
    """0..255 to 0..1"""
    return pictures / np.float32(255) if pictures.dtype == np.uint8 else pictures


def _judged(targets: np.ndarray, p: np.ndarray, classes: tuple[str, ...], ks: Sequence[int]) -> ViewEvaluation:
    if p.shape[1] != len(classes):
        problem = f"the net tells {p.shape[1]} classes apart, the data set has {len(classes)}."
        raise ShapeError("evaluate_views", problem)
    errors = {k: 1 - top_k_accuracy(p, targets, min(k, len(classes))) for k in ks}
    return ViewEvaluation(errors, np.asarray(targets), p, classes)
