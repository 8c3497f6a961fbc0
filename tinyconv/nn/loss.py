"""Losses as modules. The loss is one number, or with reduction="none" one for each n or element."""

from __future__ import annotations

from typing import Any

from tinyconv.creation import tensor
from tinyconv.errors import UnknownNameError
from tinyconv.ops.binary_loss import binary_cross_entropy_with_logits
from tinyconv.ops.loss import cross_entropy, nll_loss
from tinyconv.ops.loss_arguments import NO_LABEL, REDUCTIONS
from tinyconv.ops.margin_loss import multi_margin_loss
from tinyconv.ops.regression_loss import half_squared_error, huber_loss, l1_loss, mse_loss, smooth_l1_loss
from tinyconv.tensor import Operand, Tensor

from .module import Module


class _Loss(Module):
    """Keeps a loss's options. Weights become buffers, so that they move with the module."""

    def __init__(self, *, reduction: str = "mean", **options: Any):
        if reduction not in REDUCTIONS:
            raise UnknownNameError(type(self).__name__, "reduction", reduction, REDUCTIONS)
        for name, value in options.items():
            if name in ("weight", "pos_weight"):
                value = value if value is None or isinstance(value, Tensor) else tensor(value)
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)
        self.reduction = reduction
        self._options = (*options, "reduction")

    def _settings(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._options}

    def extra_repr(self) -> str:
        settings = {name: value for name, value in self._settings().items() if value is not None}
        shown = {name: value.shape if isinstance(value, Tensor) else value for name, value in settings.items()}
        return ", ".join(f"{name}={value!r}" for name, value in shown.items())


class CrossEntropyLoss(_Loss):
    """loss_n = -w_k ln softmax(x_n)_k,  k the label of n      from logits x (N, K) or (N, K, H, W): `cross_entropy`

    target  labels (N,) or (N, H, W), or probabilities of the input's shape
    weight  (K,), one for each class; ignore_index, label_smoothing, reduction as there
    Bridle 1990; Bishop 2006, section 4.3.4
    """

    def __init__(
        self,
        weight: Operand | None = None,
        *,
        ignore_index: int = NO_LABEL,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ):
        super().__init__(weight=weight, ignore_index=ignore_index, label_smoothing=label_smoothing, reduction=reduction)

    def forward(self, x: Tensor, target: Operand) -> Tensor:
        return cross_entropy(x, target, **self._settings())


class NLLLoss(_Loss):
    """loss_n = -w_k x_nk,  k the label of n      from log-probabilities x (N, K) or (N, K, H, W): `nll_loss`

    Bishop 2006, section 4.3.4
    """

    def __init__(self, weight: Operand | None = None, *, ignore_index: int = NO_LABEL, reduction: str = "mean"):
        super().__init__(weight=weight, ignore_index=ignore_index, reduction=reduction)

    def forward(self, x: Tensor, target: Operand) -> Tensor:
        return nll_loss(x, target, **self._settings())


class BCEWithLogitsLoss(_Loss):
    """loss = -w (p t ln s(x) + (1 - t) ln(1 - s(x)))      yes or no: `binary_cross_entropy_with_logits`

    x, target of any shape, the same for both, target from 0 to 1; weight w and pos_weight p broadcast to it
    Bishop 2006, section 4.3.2
    """

    def __init__(self, weight: Operand | None = None, *, reduction: str = "mean", pos_weight: Operand | None = None):
        super().__init__(weight=weight, pos_weight=pos_weight, reduction=reduction)

    def forward(self, x: Tensor, target: Operand) -> Tensor:
        return binary_cross_entropy_with_logits(x, target, **self._settings())


class MultiMarginLoss(_Loss):
    """loss_n = w_k/K sum_{j != k} max(0, margin - x_nk + x_nj)^p      the multi-class hinge: `multi_margin_loss`

    scores x (N, K), target labels (N,), k the label of n. Weston and Watkins 1999.
    """

    def __init__(self, p: int = 1, margin: float = 1.0, weight: Operand | None = None, *, reduction: str = "mean"):
        super().__init__(p=p, margin=margin, weight=weight, reduction=reduction)

    def forward(self, x: Tensor, target: Operand) -> Tensor:
        return multi_margin_loss(x, target, **self._settings())


class MSELoss(_Loss):
    """loss = (x - target)^2, element by element, x of any shape; "mean" over all elements   Bishop 2006, section 3.1"""

    def __init__(self, *, reduction: str = "mean"):
        super().__init__(reduction=reduction)

    def forward(self, x: Tensor, target: Operand) -> Tensor:
        return mse_loss(x, target, **self._settings())


class HalfSquaredErrorLoss(_Loss):
    """loss_n = 1/2 sum_k (x_nk - target_nk)^2      summed over outputs, "mean" over the batch alone

    x, target (N, ...). The textbooks' error: `half_squared_error`. Rumelhart, Hinton and Williams 1986, eq. 3.
    """

    def __init__(self, *, reduction: str = "mean"):
        super().__init__(reduction=reduction)

    def forward(self, x: Tensor, target: Operand) -> Tensor:
        return half_squared_error(x, target, **self._settings())


class L1Loss(_Loss):
    """loss = |x - target|, element by element, x of any shape

    Hastie, Tibshirani and Friedman 2009, "The Elements of Statistical Learning", section 10.6
    """

    def __init__(self, *, reduction: str = "mean"):
        super().__init__(reduction=reduction)

    def forward(self, x: Tensor, target: Operand) -> Tensor:
        return l1_loss(x, target, **self._settings())


class SmoothL1Loss(_Loss):
    """loss = d^2 / (2 beta) where |d| < beta, |d| - beta/2 elsewhere,   d = x - target, of any shape

    Girshick 2015, eq. 3
    """

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0):
        super().__init__(beta=beta, reduction=reduction)

    def forward(self, x: Tensor, target: Operand) -> Tensor:
        return smooth_l1_loss(x, target, **self._settings())


class HuberLoss(_Loss):
    """loss = d^2 / 2 where |d| <= delta, delta (|d| - delta/2) elsewhere,   d = x - target, of any shape

    Huber 1964
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0):
        super().__init__(delta=delta, reduction=reduction)

    def forward(self, x: Tensor, target: Operand) -> Tensor:
        return huber_loss(x, target, **self._settings())
