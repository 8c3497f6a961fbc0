"""Dropout."""

from __future__ import annotations

import tinyconv.kernels as kernels
from tinyconv import random
from tinyconv.backend import array_module
from tinyconv.errors import ArgumentError, ShapeError
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
    _check_probability("dropout", p)
    if not training or p == 0:
        return x
    return _dropout(x, p, random.key())


def _dropout(x: Tensor, p: float, key: int) -> Tensor:
    """What is dropped depends on the key and the place alone: for dx the same as for y."""
    return record("dropout", kernels.dropout(x.data, p, key), (x, lambda dy: _dropout(dy, p, key)), p=p)


def dropout2d(input: Operand, p: float = 0.5, training: bool = True) -> Tensor:
    """y = x / (1 - p) with probability 1 - p, 0 with probability p, whole channels at a time,   dx = dy likewise

    input x (N, C, H, W): neighbouring pixels say much the same, so that dropping single ones drops little.
    training=False: y is x. Backward keeps a number for each channel.
    Raises ShapeError; ArgumentError unless 0 <= p <= 1.   Tompson et al. 2015, arXiv:1411.4280, section 3.2
    """
    x = floating(input)
    _check_probability("dropout2d", p)
    if x.ndim != 4:
        raise ShapeError("dropout2d", f"input has shape {x.shape}; it must be (N, C, H, W).")
    if not training or p == 0:
        return x
    ones = array_module(x.data).ones((*x.shape[:2], 1, 1), x.dtype)
    gain = Tensor(kernels.dropout(ones, p, random.key()))  # (N, C, 1, 1), 0 or 1/(1 - p)
    return record("dropout2d", x.data * gain.data, (x, lambda dy: dy * gain), p=p)


def _check_probability(operation: str, p: float) -> None:
    if not 0 <= p <= 1:
        raise ArgumentError(operation, f"p is {p}; a probability lies between 0 and 1.")
