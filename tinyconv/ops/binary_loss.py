"""Losses of yes-or-no answers, several at once."""

from __future__ import annotations

from tinyconv.errors import ArgumentError
from tinyconv.tensor import Operand, Tensor

from .activation_smooth import softplus
from .loss_arguments import element_weights, may_look, reduced, same_shape


def binary_cross_entropy_with_logits(
    input: Operand,
    target: Operand,
    weight: Operand | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Operand | None = None,
) -> Tensor:
    """loss = -w (p t ln s(x) + (1 - t) ln(1 - s(x))),   s(x) = 1 / (1 + e^-x), element by element

    For several yes-or-no answers at once. input logits x of any shape: no sigmoid before this loss;
    target t of the same shape, from 0 to 1.
    weight, pos_weight  w and p, which broadcast to that shape; 1 by default. p > 1 counts what is there more
                        than what is not: a (K,) of negatives/positives balances K classes
    reduction  "mean" over all elements (not divided by w), "sum" or "none"

    dx = w (s(x) (1 + (p - 1) t) - p t).
    Raises ShapeError, ArgumentError (targets out of range, negative weights), UnknownNameError (reduction).
    """
    name = "binary_cross_entropy_with_logits"
    x, t = same_shape(name, input, target, reduction)
    t = t if t.dtype.kind == "c" else t.to(x.dtype)
    if may_look(t) and (outside := ~((t.data.real >= 0) & (t.data.real <= 1))).any():
        raise ArgumentError(name, f"target holds {t.data[outside][0]}; answers lie between 0 (no) and 1 (yes).")
    w, p = element_weights(name, "weight", weight, x), element_weights(name, "pos_weight", pos_weight, x)
    gain = 1 if p is None else 1 + (p - 1) * t
    surprise = softplus(-x, threshold=40)  # -ln s(x), exact: above 40, e^-x no longer shows
    losses = (1 - t) * x + gain * surprise  # -ln(1 - s(x)) = x - ln s(x)
    return reduced(name, losses if w is None else losses * w, reduction)
