"""Dropout."""

from __future__ import annotations

import tinyconv.kernels as kernels
from tinyconv import random
from tinyconv.errors import ArgumentError
from tinyconv.tensor import Operand, Tensor, record

from .arguments import floating


def dropout(input: Operand, p: float = 0.5, training: bool = True) -> Tensor:
    """y = x / (1 - p) with probability 1 - p, 0 with probability p,   dx = dy, dropped and scaled alike

    Each element for itself; the mean is kept, so that nothing is left to do when training=False: y is x.
    The random stream "dropout" is drawn from once a call; that number is all that backward keeps.
    Raises ArgumentError unless 0 <= p <= 1. Srivastava et al. 2014, "Dropout: A Simple Way to Prevent
    Neural Networks from Overfitting", section 10 (they scale at test time instead).
    """
    x = floating(input)
    if not 0 <= p <= 1:
        raise ArgumentError("dropout", f"p is {p}; a probability lies between 0 and 1.")
    if not training or p == 0:
        return x
    key = int(random.stream("dropout").integers(2**64, dtype="uint64"))
    return _dropout(x, p, key)


def _dropout(x: Tensor, p: float, key: int) -> Tensor:
    """What is dropped depends on the key and the place alone: for dx the same as for y."""
    return record("dropout", kernels.dropout(x.data, p, key), (x, lambda dy: _dropout(dy, p, key)), p=p)
