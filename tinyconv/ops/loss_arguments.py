"""What losses do with their arguments: reductions, class labels, weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyconv.backend import Array, array_module
from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from tinyconv.geometry import is_whole
from tinyconv.tensor import Operand, Tensor, as_tensor, same_device

from .arguments import floating
from .arithmetic import where
from .index import getitem
from .reduce import mean, sum
from .shape import permute, reshape

REDUCTIONS = ("mean", "sum", "none")
NO_LABEL = -100  # PyTorch's ignore_index


def may_look(x: Tensor) -> bool:
    """Are values checked? Not on a GPU: looking at them would wait for all that it still has to do."""
    return x.device == "cpu"


def known_reduction(name: str, reduction: str) -> None:
    if reduction not in REDUCTIONS:
        raise UnknownNameError(name, "reduction", reduction, REDUCTIONS)


def reduced(name: str, losses: Tensor, reduction: str, total: Tensor | None = None) -> Tensor:
    """The losses' mean, sum, or themselves; in a weighted mean, `total` is what the weights add up to."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return sum(losses)
    if losses.numel() == 0:
        raise ShapeError(name, "the batch is empty, and has no mean loss; reduction='sum' gives 0.")
    if total is None:
        return mean(losses)
    if may_look(total) and total.data == 0:
        problem = "every label is ignored or weighs 0, and there is no mean loss; reduction='sum' gives 0."
        raise ArgumentError(name, problem)
    return sum(losses) / total


def same_shape(name: str, input: Operand, target: Operand, reduction: str) -> tuple[Tensor, Tensor]:
    """Input and target as Tensors of floating point; nothing is broadcast."""
    x, t = floating(input), floating(target)
    known_reduction(name, reduction)
    same_device(name, x, t)
    if x.shape != t.shape:
        raise ShapeError(name, f"input has shape {x.shape}, target {t.shape}; they must be the same.")
    return x, t


def with_target(name: str, input: Operand, target: Operand, reduction: str) -> tuple[Tensor, Tensor]:
    """Outputs for each class, and labels or probabilities of a shape that fits."""
    x, t = floating(input), as_tensor(target)
    known_reduction(name, reduction)
    same_device(name, x, t)
    if x.ndim < 2 or x.shape[1] == 0:
        raise ShapeError(name, f"input has shape {x.shape}; it must be (N, K) or (N, K, H, W), with K classes.")
    labels = (x.shape[0], *x.shape[2:])
    if t.shape not in (labels, x.shape):
        raise ShapeError(
            name,
            f"target has shape {t.shape}; input {x.shape} needs labels of shape {labels}, "
            f"or probabilities of shape {x.shape}.",
        )
    return x, t


def needs_labels(name: str, x: Tensor, t: Tensor) -> None:
    """Refuse probabilities where only labels will do."""
    labels = (x.shape[0], *x.shape[2:])
    if t.shape != labels:
        raise ShapeError(name, f"target has shape {t.shape}; input {x.shape} needs labels of shape {labels}.")


def classes_last(x: Tensor) -> Tensor:
    """(N, K, H, W) -> (N*H*W, K)"""
    if x.ndim == 2:
        return x
    return reshape(permute(x, 0, *range(2, x.ndim), 1), -1, x.shape[1])


def picked(x: Tensor, classes: Array) -> Tensor:
    """y[n] = x[n,classes[n]]: (N, K) -> (N,)"""
    return getitem(x, (array_module(classes).arange(classes.size), classes))


def one_hot(classes: Array, K: int, dtype: object) -> Array:
    """t[n,k] = 1 where k is n's class, 0 elsewhere: (N, K)"""
    return (classes[:, None] == array_module(classes).arange(K)).astype(dtype)


def weights(name: str, argument: str, value: Operand | None, x: Tensor) -> Tensor | None:
    """Weights of losses as a Tensor of x's type: none may be negative, infinite or NaN."""
    if value is None:
        return None
    if isinstance(value, str):
        raise ArgumentError(name, f"{argument} is {value!r}; it must be numbers. Write reduction={value!r}.")
    w = value if isinstance(value, Tensor) else as_tensor(value).to(x.device)
    same_device(name, x, w)
    if may_look(w) and (wrong := ~((w.data.real >= 0) & (w.data.real < np.inf))).any():
        raise ArgumentError(name, f"{argument} holds {w.data[wrong][0]}; weights must be finite and at least 0.")
    return w if w.dtype.kind == "c" else w.to(x.dtype)


def element_weights(name: str, argument: str, value: Operand | None, x: Tensor) -> Tensor | None:
    """Weights that broadcast to the shape of x."""
    w = weights(name, argument, value, x)
    if w is None:
        return None
    if w.ndim > x.ndim or any(m not in (1, n) for m, n in zip(w.shape[::-1], x.shape[::-1], strict=False)):
        raise ShapeError(name, f"{argument} has shape {w.shape}; it does not broadcast to the input's {x.shape}.")
    return w


def class_weights(name: str, value: Operand | None, x: Tensor) -> Tensor | None:
    """Weights (K,), one for each class."""
    w, K = weights(name, "weight", value, x), x.shape[1]
    if w is not None and w.shape != (K,):
        raise ShapeError(name, f"weight has shape {w.shape}; {K} classes need ({K},).")
    return w


@dataclass(frozen=True)
class Labels:
    """Class labels, flat, and how much each counts.

    classes  (M,), from 0 to K-1; a copy, for a loader may use its buffer again. 0 where ignored
    kept     (M,), False where the label is ignored; None if all count
    weight   (K,), of each class; None if all weigh 1
    """

    classes: Array
    kept: Tensor | None
    weight: Tensor | None

    @classmethod
    def of(cls, name: str, t: Tensor, K: int, weight: Tensor | None = None, ignore_index: Any = NO_LABEL) -> Labels:
        """Each label found to be a class, or `ignore_index`. On a GPU one that is neither makes the loss NaN."""
        if t.dtype.kind not in "iu":
            problem = f"target {t.shape} holds class labels, but is {t.dtype}; convert with target.to(np.int64)."
            raise DTypeError(name, problem)
        if not is_whole(ignore_index):
            raise ArgumentError(name, f"ignore_index is {ignore_index!r}; it must be a whole number.")
        labels = t.data.reshape(-1).astype("int64")
        if not may_look(t):
            ignored = labels == ignore_index
            return cls(array_module(labels).where(ignored, 0, labels), Tensor(~ignored), weight)
        wrong = (labels < 0) | (labels >= K)
        if not (0 <= ignore_index < K or wrong.any()):
            return cls(labels, None, weight)
        ignored = labels == ignore_index
        wrong &= ~ignored
        if wrong.any():
            first = int(wrong.argmax())
            place = ", ".join(str(i) for i in array_module(labels).unravel_index(first, t.shape))
            raise ArgumentError(name, f"target[{place}] is {labels[first]}; {K} classes have labels from 0 to {K - 1}.")
        labels[ignored] = 0
        return cls(labels, Tensor(~ignored), weight)

    def weigh(self, losses: Tensor) -> Tensor:
        """The losses (M,), each times its label's weight."""
        if self.weight is not None:
            losses = losses * getitem(self.weight, self.classes)
        return self.without_ignored(losses)

    def without_ignored(self, losses: Tensor) -> Tensor:
        return losses if self.kept is None else where(self.kept, losses, 0)

    def total(self) -> Tensor | None:
        """What a weighted mean divides by: the sum of the labels' weights. None: by their number."""
        if self.weight is not None:
            return sum(self.without_ignored(getitem(self.weight, self.classes)))
        return None if self.kept is None else sum(self.kept)
