"""Losses: how far an output is from its target, as one number to be made small."""

from __future__ import annotations

import tinyconv.kernels as kernels
from tinyconv.backend import Array, array_module
from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from tinyconv.tape import is_grad_enabled
from tinyconv.tensor import Operand, Tensor, as_tensor, record, same_device

from .activation import log_softmax, softmax
from .arguments import floating
from .index import getitem
from .reduce import mean, sum
from .shape import permute, reshape, unsqueeze

REDUCTIONS = {"mean": mean, "sum": sum, "none": lambda loss: loss}


def cross_entropy(input: Operand, target: Operand, reduction: str = "mean") -> Tensor:
    """loss_n = sum_k t_nk (ln sum_j e^x_nj - x_nk)  =  -sum_k t_nk ln softmax(x_n)_k

    input   logits x (N, K), or (N, K, H, W) for a class at every pixel: no softmax before this loss
    target  class labels, whole numbers from 0 to K-1, (N,) or (N, H, W): t is 1 there and 0 elsewhere;
            or t itself, of the input's shape: one-hot, or any probabilities
    reduction  "mean" over all losses, their "sum", or "none": the losses, of the labels' shape

    dx = softmax(x) sum_k t_k - t, so each output learns from its own error alone.
    Raises ShapeError, DTypeError (labels that are no whole numbers), ArgumentError (labels out of range),
    UnknownNameError (reduction).
    """
    name = "cross_entropy"
    x, t = _checked(name, input, target, reduction)
    N, K, *HW = x.shape
    x = _classes_last(x)  # (M, K), M = N*H*W
    if t.shape == (N, *HW):
        losses = _cross_entropy_labels(x, _labels(name, t, K).astype("int64"))  # a copy: t may change
    else:
        losses = _cross_entropy(x, _classes_last(t if t.dtype.kind == "c" else t.to(x.dtype)))
    return _reduced(name, reshape(losses, N, *HW), reduction)


def _cross_entropy_labels(x: Tensor, labels: Array) -> Tensor:
    """The losses (M,) of logits (M, K) and labels (M,)."""
    loss, p = kernels.cross_entropy_labels(x.data, labels)

    def d_input(dy: Tensor) -> Tensor:
        if is_grad_enabled():  # p has forgotten x
            return unsqueeze(dy, 1) * (softmax(x, 1) - Tensor(_one_hot(labels, x.shape[1], x.dtype)))
        return Tensor(kernels.cross_entropy_labels_input(dy.data, p, labels))

    return record("cross_entropy", loss, (x, d_input))


def _cross_entropy(x: Tensor, t: Tensor) -> Tensor:
    """The losses (M,) of logits and targets (M, K)."""
    loss, p = kernels.cross_entropy(x.data, t.data)

    def d_input(dy: Tensor) -> Tensor:
        y = softmax(x, 1) if is_grad_enabled() else Tensor(p)  # p is free, but has forgotten x
        return unsqueeze(dy, 1) * (y * sum(t, 1, keepdim=True) - t)

    return record("cross_entropy", loss, (x, d_input), (t, lambda dy: -unsqueeze(dy, 1) * log_softmax(x, 1)))


def nll_loss(input: Operand, target: Operand, reduction: str = "mean") -> Tensor:
    """loss_n = -x_n,target_n        the negative log-likelihood: cross entropy without the log_softmax

    input log-probabilities x (N, K) or (N, K, H, W), target class labels (N,) or (N, H, W).
    reduction and errors as for `cross_entropy`.
    """
    name = "nll_loss"
    x, t = _checked(name, input, target, reduction)
    N, K, *HW = x.shape
    if t.shape != (N, *HW):
        raise ShapeError(name, f"target has shape {t.shape}; input {x.shape} needs labels of shape {(N, *HW)}.")
    labels = _labels(name, t, K)
    rows = array_module(labels).arange(labels.size)
    return _reduced(name, reshape(-getitem(_classes_last(x), (rows, labels)), N, *HW), reduction)


def mse_loss(input: Operand, target: Operand, reduction: str = "mean") -> Tensor:
    """loss = (x - t)^2, element by element; reduction "mean" over all elements, "sum" or "none"

    Raises ShapeError unless both have the same shape: nothing is broadcast.
    """
    x, t = floating(input), floating(target)
    _known("mse_loss", reduction)
    same_device("mse_loss", x, t)
    if x.shape != t.shape:
        raise ShapeError("mse_loss", f"input has shape {x.shape}, target {t.shape}; they must be the same.")
    difference = x - t
    return _reduced("mse_loss", difference * difference, reduction)


def _reduced(name: str, losses: Tensor, reduction: str) -> Tensor:
    if reduction == "mean" and losses.numel() == 0:
        raise ShapeError(name, "the batch is empty, and has no mean loss; reduction='sum' gives 0.")
    return REDUCTIONS[reduction](losses)


def _known(name: str, reduction: str) -> None:
    if reduction not in REDUCTIONS:
        raise UnknownNameError(name, "reduction", reduction, REDUCTIONS)


def _checked(name: str, input: Operand, target: Operand, reduction: str) -> tuple[Tensor, Tensor]:
    """Input and target as Tensors whose shapes fit together."""
    x, t = floating(input), as_tensor(target)
    _known(name, reduction)
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


def _labels(name: str, t: Tensor, K: int) -> Array:
    """Class labels, flat, each found to be a class."""
    if t.dtype.kind not in "iu":
        raise DTypeError(
            name, f"target {t.shape} holds class labels, but is {t.dtype}; convert with target.to(np.int64)."
        )
    labels = t.data.reshape(-1)
    wrong = (labels < 0) | (labels >= K)
    if wrong.any():
        first = int(wrong.argmax())
        place = ", ".join(str(i) for i in array_module(labels).unravel_index(first, t.shape))
        raise ArgumentError(name, f"target[{place}] is {labels[first]}; {K} classes have labels from 0 to {K - 1}.")
    return labels


def _one_hot(labels: Array, K: int, dtype: object) -> Array:
    """t[n,k] = 1 where k is n's label, 0 elsewhere: (N, K)"""
    xp = array_module(labels)
    return (labels[:, None] == xp.arange(K)).astype(dtype)


def _classes_last(x: Tensor) -> Tensor:
    """(N, K, H, W) -> (N*H*W, K)"""
    if x.ndim == 2:
        return x
    return reshape(permute(x, 0, *range(2, x.ndim), 1), -1, x.shape[1])
