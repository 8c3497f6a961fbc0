"""Dropout layers."""

from __future__ import annotations

from tinyconv.errors import ArgumentError
from tinyconv.ops.dropout import dropout, dropout2d
from tinyconv.tensor import Tensor

from .module import Module


class _Dropout(Module):
    def __init__(self, p: float = 0.5):
        if not 0 <= p <= 1:
            raise ArgumentError(type(self).__name__, f"p is {p}; a probability lies between 0 and 1.")
        self.p = p

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Dropout(_Dropout):
    """In training mode each element is 0 with probability p and divided by 1 - p otherwise; else y = x.

    x of any shape.   Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting".
    """

    def forward(self, x: Tensor) -> Tensor:
        return dropout(x, self.p, self.training)


class Dropout2d(_Dropout):
    """In training mode each channel of (N, C, H, W) is 0 with probability p and divided by 1 - p otherwise; else y = x.

    Tompson et al. 2015, "Efficient Object Localization Using Convolutional Networks", arXiv:1411.4280, section 3.2.
    """

    def forward(self, x: Tensor) -> Tensor:
        return dropout2d(x, self.p, self.training)
