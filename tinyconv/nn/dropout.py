"""Dropout layers."""

from __future__ import annotations

from tinyconv.errors import ArgumentError
from tinyconv.ops.dropout import dropout
from tinyconv.tensor import Tensor

from .module import Module


class Dropout(Module):
    """In training mode each element is 0 with probability p and divided by 1 - p otherwise; else y = x.

    Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting".
    """

    def __init__(self, p: float = 0.5):
        if not 0 <= p <= 1:
            raise ArgumentError("Dropout", f"p is {p}; a probability lies between 0 and 1.")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}"
