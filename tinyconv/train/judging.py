"""What the history says of a model's answers: of one output, of several, of a class for every pixel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

import numpy as np

from tinyconv.data.labelled import of_each
from tinyconv.errors import ArgumentError, DataError
from tinyconv.nn import Module
from tinyconv.ops.loss import cross_entropy
from tinyconv.ops.loss_arguments import NO_LABEL
from tinyconv.tape import no_grad
from tinyconv.tensor import Tensor

from .means import Figures, Means
from .metrics import Metric, accuracy, evaluate, evaluating
from .segmentation_metrics import pixel_confusion, segmentation_report

Loss = Callable[[Any, Any], Tensor]


def of_outputs(function: Callable[[Tensor], Any], outputs: Any) -> Any:
    """The same of a net's output, or of several, {name: output} or in a row."""
    if isinstance(outputs, (tuple, list)):
        return tuple(of_outputs(function, y) for y in outputs)
    return of_each(function, outputs)


def on(labels: Any, device: str) -> Any:
    """A batch's labels, be they one tensor or {output: tensor}, on a device."""
    return of_each(lambda t: t.to(device), labels)


def when_asked(figure: Tensor) -> Any:
    """A figure on the CPU as a number; one on a GPU as it is, for nobody waits for it now."""
    return figure.item() if figure.device == "cpu" else figure.detach()


def batch_figures(outputs: Any, labels: Any, loss_fn: Loss, metrics: Mapping[str, Metric]) -> Figures:
    """{figure: (mean over the batch, of how many)}: "accuracy" and the metrics, and what each output has of its own.

    The accuracy of several outputs is the mean of theirs; of pixels it is the share of those that have a label.
    """
    with no_grad():
        if isinstance(outputs, Mapping):
            figures = _heads(outputs, labels, loss_fn)
            count = len(next(iter(outputs.values())))
            targets = labels
        else:
            outputs = outputs[0] if isinstance(outputs, tuple) else outputs  # the others are auxiliary classifiers'
            count = len(outputs)
            if outputs.ndim == 4:
                m = pixel_confusion(outputs, labels, _ignored(loss_fn))
                figures = {"accuracy": (float(m.trace() / m.sum()), int(m.sum()))} if m.any() else {}
                targets = labels
            else:
                targets = labels if labels.ndim == 1 else labels.argmax(1)  # of mixed pictures: the likeliest
                figures = {"accuracy": (_accuracy(outputs, targets), count)}
        return figures | {name: (float(metric(outputs, targets)), count) for name, metric in metrics.items()}


def _accuracy(outputs: Tensor, targets: Tensor) -> Any:
    """The share of right answers: on a GPU it stays there, as `when_asked` has it."""
    if outputs.device == "cpu":
        return accuracy(outputs, targets)
    return Tensor((outputs.data.argmax(1) == targets.data).mean())


def _heads(outputs: Mapping[str, Tensor], labels: Any, loss_fn: Loss) -> dict[str, tuple[float, int]]:
    """Loss and accuracy of each output. A picture whose label is unknown does not count for that output."""
    if not isinstance(labels, Mapping):
        problem = f"the model gives the outputs {', '.join(map(repr, outputs))}; labels must be a dict of as many."
        raise ArgumentError("fit", problem)
    parts: Mapping[str, Tensor] = getattr(loss_fn, "parts", {})  # as of nn.WeightedLoss
    figures: dict[str, tuple[float, int]] = {}
    for name, logits in outputs.items():
        if name not in labels:
            raise ArgumentError("fit", f"labels have no {name!r}; they have {', '.join(map(repr, labels))}.")
        t = labels[name]
        if t.dtype.kind not in "iu" or t.ndim != 1:  # no classes: a quantity, a box
            if name in parts:
                figures[f"{name}_loss"] = (parts[name].item(), len(t))
            continue
        known = t.data != NO_LABEL
        if count := int(known.sum()):
            loss = parts[name] if name in parts else cross_entropy(logits, t)
            figures[f"{name}_loss"] = (loss.item(), count)
            figures[f"{name}_accuracy"] = (accuracy(Tensor(logits.data[known]), Tensor(t.data[known])), count)
    right = [mean for figure, (mean, _) in figures.items() if figure.endswith("_accuracy")]
    return {"accuracy": (sum(right) / len(right), len(t)), **figures} if right else figures


def _ignored(loss_fn: Loss) -> int:
    """The label of pixels that do not count: that of nn.CrossEntropyLoss(ignore_index=...)."""
    return getattr(loss_fn, "ignore_index", NO_LABEL)


def judge(
    model: Module, loader: Iterable[tuple[Tensor, Any]], loss_fn: Loss, metrics: Mapping[str, Metric]
) -> tuple[dict[str, float], Any]:
    """The figures of a model over all of a loader's batches, in evaluation mode; and more about them.

    That is the Evaluation of a classifier, the SegmentationReport of a model that gives a class for every pixel
    (with "mean_iou" among the figures), and None for a model with several outputs.
    """
    batches = iter(loader)
    first = next(batches, None)
    if first is None:
        raise DataError("evaluate", "the loader gives no batches: there is nothing to evaluate.")
    everything = chain([first], batches)
    if isinstance(first[1], Mapping):
        return _judge_batches(model, everything, loss_fn, metrics)
    if first[1].ndim == 3:
        return _judge_batches(model, everything, loss_fn, metrics, pixels=True)
    result = evaluate(model, everything, loss_fn, metrics)
    return {"loss": result.loss, "accuracy": result.accuracy, **result.metrics}, result


def _judge_batches(
    model: Module, batches: Iterable[tuple[Tensor, Any]], loss_fn: Loss, metrics: Mapping[str, Metric],
    pixels: bool = False,
) -> tuple[dict[str, float], Any]:  # fmt: skip
    means, matrices = Means(), []
    with evaluating(model) as device:
        for images, labels in batches:
            labels = on(labels, device)
            outputs = model(images.to(device))
            loss = loss_fn(outputs, labels).item()
            means.add(len(images), 0, {"loss": (loss, len(images)), **batch_figures(outputs, labels, loss_fn, metrics)})
            if pixels:
                matrices.append(pixel_confusion(outputs, labels, _ignored(loss_fn)))
    if not pixels:
        return means.means(), None
    report = segmentation_report(np.sum(matrices, 0))
    return means.means() | {"mean_iou": report.mean_iou}, report
