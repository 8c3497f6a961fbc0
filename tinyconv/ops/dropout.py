"""Dropout."""

from __future__ import annotations

import tinyconv.kernels as kernels
from tinyconv import random
from tinyconv.backend import Array
from tinyconv.errors import ArgumentError
from tinyconv.tensor import Operand, Tensor, record

from .arguments import floating


def dropout(input: Operand, p: float = 0.5, training: bool = True) -> Tensor:
    """y = x / (1 - p) with probability 1 - p, 0 with probability p,   dx = dy, dropped and scaled alike

    Each element for itself; the mean is kept, so that nothing is left to do when training=False: y is x.
    The random stream "dropout" is drawn from once a call. Backward keeps one byte an element.
    Raises ArgumentError unless 0 <= p <= 1. Srivastava et al. 2014, "Dropout: A Simple Way to Prevent
    Neural Networks from Overfitting", section 10 (they scale at test time instead).
    """
    x = floating(input)
    if not 0 <= p <= 1:
        raise ArgumentError("dropout", f"p is {p}; a probability lies between 0 and 1.")
    if not training or p == 0:
        return x
    key = int(random.stream("dropout").integers(2**64, dtype="uint64"))
    return _dropout(x, kernels.dropout_mask(x.data, p, key), p)


def _dropout(x: Tensor, keep: Array, p: float) -> Tensor:
    y = kernels.dropout(x.data, keep, p)
    return record("dropout", y, (x, lambda dy: _dropout(dy, keep, p)), p=p)
