"""Losses that ask for a margin between the right class and the others."""

from __future__ import annotations

from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.tensor import Operand, Tensor

from .activation import relu
from .arguments import number, real
from .loss_arguments import Labels, class_weights, needs_labels, one_hot, picked, reduced, with_target
from .reduce import sum
from .shape import unsqueeze


def multi_margin_loss(
    input: Operand,
    target: Operand,
    p: int = 1,
    margin: float = 1.0,
    weight: Operand | None = None,
    *,
    reduction: str = "mean",
) -> Tensor:
    """loss_n = w_k/K sum_{j != k} max(0, margin - x_nk + x_nj)^p      k the label of n: the multi-class hinge

    Every class that comes closer to the right one than `margin` costs something. input scores x (N, K),
    target labels (N,), p 1 or 2, weight w (K,). reduction "mean" over N (not divided by w), "sum" or "none": (N,).

    The sum over all wrong classes is that of Weston and Watkins 1999, divided by K as in PyTorch; Crammer and
    Singer 2001 have the largest term alone. Raises as `cross_entropy`.
    """
    name = "multi_margin_loss"
    x, t = with_target(name, real(name, input), target, reduction)
    if x.ndim != 2:
        raise ShapeError(name, f"input has shape {x.shape}; it must be (N, K).")
    needs_labels(name, x, t)
    if p not in (1, 2):
        raise ArgumentError(name, f"p is {p!r}; it must be 1 or 2.")
    margin, K = number(name, "margin", margin), x.shape[1]
    labels = Labels.of(name, t, K, class_weights(name, weight, x))
    excess = relu(margin - unsqueeze(picked(x, labels.classes), 1) + x)  # (N, K)
    wrong = Tensor(1 - one_hot(labels.classes, K, x.dtype))
    losses = sum(wrong * (excess if p == 1 else excess * excess), 1) / K
    return reduced(name, labels.weigh(losses), reduction)
