"""Cross entropy: how far probabilities are from the classes that are right."""

from __future__ import annotations

import tinyconv.kernels as kernels
from tinyconv.backend import Array
from tinyconv.errors import ArgumentError
from tinyconv.tape import is_grad_enabled
from tinyconv.tensor import Operand, Tensor, record

from .activation import log_softmax, softmax
from .arguments import number
from .loss_arguments import (
    NO_LABEL,
    Labels,
    class_weights,
    classes_last,
    needs_labels,
    one_hot,
    picked,
    reduced,
    with_target,
)
from .reduce import sum
from .shape import reshape, unsqueeze


def cross_entropy(
    input: Operand,
    target: Operand,
    weight: Operand | None = None,
    *,
    ignore_index: int = NO_LABEL,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """loss_n = sum_k w_k t_nk (ln sum_j e^x_nj - x_nk)  =  -sum_k w_k t_nk ln softmax(x_n)_k

    input   logits x (N, K), or (N, K, H, W) for a class at every pixel: no softmax before this loss
    target  class labels, whole numbers from 0 to K-1, (N,) or (N, H, W): t is 1 there and 0 elsewhere;
            or t itself, of the input's shape: one-hot, or any probabilities
    weight  w (K,), how much each class counts; 1 by default
    ignore_index     a label that counts nothing; not for probabilities
    label_smoothing  e from 0 to 1:  (1 - e) t + e/K  for t.   Szegedy et al. 2016, arXiv:1512.00567, section 7
    reduction  "mean", "sum", or "none": the losses, of the labels' shape. The mean of labels with weights is
               weighted: sum loss_n / sum w_label (ignored ones are in neither sum); that of probabilities is not

    dx = softmax(x) sum_k t_k - t for w = 1, so each output learns from its own error alone.
    Raises ShapeError, DTypeError (labels that are no whole numbers), ArgumentError (labels out of range,
    negative weights, a mean of nothing), UnknownNameError (reduction).
    """
    name = "cross_entropy"
    x, t = with_target(name, input, target, reduction)
    w, e = class_weights(name, weight, x), number(name, "label_smoothing", label_smoothing, 0, 1)
    N, K, *HW = x.shape
    total = None
    if t.shape == (N, *HW):
        x, labels = classes_last(x), Labels.of(name, t, K, w, ignore_index)  # (M, K), M = N*H*W
        total = labels.total()
        if e:
            t = Tensor(one_hot(labels.classes, K, x.dtype))
            losses = labels.without_ignored(_cross_entropy(x, _softened(t, e, w)))
        else:
            losses = labels.weigh(_cross_entropy_labels(x, labels.classes))
    else:
        if ignore_index != NO_LABEL:
            raise ArgumentError(name, f"ignore_index is {ignore_index}, but target holds probabilities, not labels.")
        t = classes_last(t if t.dtype.kind == "c" else t.to(x.dtype))
        losses = _cross_entropy(classes_last(x), _softened(t, e, w))
    return reduced(name, reshape(losses, N, *HW), reduction, total)


def _softened(t: Tensor, e: float, w: Tensor | None) -> Tensor:
    """w_k ((1 - e) t + e/K): what each class counts, (M, K)"""
    t = (1 - e) * t + e / t.shape[1] if e else t
    return t if w is None else t * w


def _cross_entropy_labels(x: Tensor, labels: Array) -> Tensor:
    """The losses (M,) of logits (M, K) and labels (M,)."""
    loss, p = kernels.cross_entropy_labels(x.data, labels)

    def d_input(dy: Tensor) -> Tensor:
        if is_grad_enabled():  # p has forgotten x
            return unsqueeze(dy, 1) * (softmax(x, 1) - Tensor(one_hot(labels, x.shape[1], x.dtype)))
        return Tensor(kernels.cross_entropy_labels_input(dy.data, p, labels))

    return record("cross_entropy", loss, (x, d_input), labels=labels)


def _cross_entropy(x: Tensor, t: Tensor) -> Tensor:
    """The losses (M,) of logits and targets (M, K)."""
    loss, p = kernels.cross_entropy(x.data, t.data)

    def d_input(dy: Tensor) -> Tensor:
        y = softmax(x, 1) if is_grad_enabled() else Tensor(p)  # p is free, but has forgotten x
        return unsqueeze(dy, 1) * (y * sum(t, 1, keepdim=True) - t)

    return record("cross_entropy", loss, (x, d_input), (t, lambda dy: -unsqueeze(dy, 1) * log_softmax(x, 1)))


def nll_loss(
    input: Operand,
    target: Operand,
    weight: Operand | None = None,
    *,
    ignore_index: int = NO_LABEL,
    reduction: str = "mean",
) -> Tensor:
    """loss_n = -w_target x_n,target      the negative log-likelihood: cross entropy without the log_softmax

    input log-probabilities x (N, K) or (N, K, H, W), target class labels (N,) or (N, H, W).
    weight, ignore_index, reduction and errors as for `cross_entropy`.
    """
    name = "nll_loss"
    x, t = with_target(name, input, target, reduction)
    N, K, *HW = x.shape
    needs_labels(name, x, t)
    labels = Labels.of(name, t, K, class_weights(name, weight, x), ignore_index)
    losses = labels.weigh(-picked(classes_last(x), labels.classes))
    return reduced(name, reshape(losses, N, *HW), reduction, labels.total())
