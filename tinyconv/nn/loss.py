"""Losses as modules."""

from __future__ import annotations

from tinyconv.errors import UnknownNameError
from tinyconv.ops.loss import REDUCTIONS, cross_entropy, mse_loss, nll_loss
from tinyconv.tensor import Operand, Tensor

from .module import Module


class _Loss(Module):
    def __init__(self, *, reduction: str = "mean"):
        if reduction not in REDUCTIONS:
            raise UnknownNameError(type(self).__name__, "reduction", reduction, REDUCTIONS)
        self.reduction = reduction

    def extra_repr(self) -> str:
        return f"reduction={self.reduction!r}"


class CrossEntropyLoss(_Loss):
    """loss = -ln softmax(x)_target, from logits x (N, K) and targets (N,), or (N, K) of probabilities"""

    def forward(self, x: Tensor, target: Operand) -> Tensor:
        return cross_entropy(x, target, self.reduction)


class NLLLoss(_Loss):
    """loss = -x_target, from log-probabilities x (N, K) and targets (N,)"""

    def forward(self, x: Tensor, target: Operand) -> Tensor:
        return nll_loss(x, target, self.reduction)


class MSELoss(_Loss):
    """loss = (x - target)^2"""

    def forward(self, x: Tensor, target: Operand) -> Tensor:
        return mse_loss(x, target, self.reduction)
