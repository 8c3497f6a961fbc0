"""Losses of regression: how far numbers are from the numbers that they should be."""

from __future__ import annotations

from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.tensor import Operand, Tensor

from .arguments import number, real
from .arithmetic import abs, where
from .loss_arguments import reduced, same_shape
from .reduce import sum


def mse_loss(input: Operand, target: Operand, *, reduction: str = "mean") -> Tensor:
    """loss = (x - t)^2, element by element; reduction "mean" over all elements, "sum" or "none"

    Raises ShapeError unless both have the same shape: nothing is broadcast. UnknownNameError (reduction).
    """
    x, t = same_shape("mse_loss", input, target, reduction)
    difference = x - t
    return reduced("mse_loss", difference * difference, reduction)


def half_squared_error(input: Operand, target: Operand, *, reduction: str = "mean") -> Tensor:
    """loss_n = 1/2 sum_k (x_nk - t_nk)^2,   dx = x - t      the textbooks' error, whose gradient has no factor

    input, target  (N, ...): summed over all outputs of a sample, never averaged over them
    reduction      "mean" over the N samples, "sum" over them too, or "none": (N,)

    With "sum" it is E of Rumelhart, Hinton and Williams 1986, eq. 3. PyTorch has mse_loss alone, which
    is 2/K times this "mean" for K outputs. Raises as `mse_loss`.
    """
    name = "half_squared_error"
    x, t = same_shape(name, input, target, reduction)
    if x.ndim == 0:
        raise ShapeError(name, "input has shape (); it must be (N, ...), of N samples.")
    difference = x - t
    squares = difference * difference
    outputs = tuple(range(1, x.ndim))
    return reduced(name, (sum(squares, outputs) if outputs else squares) / 2, reduction)


def l1_loss(input: Operand, target: Operand, *, reduction: str = "mean") -> Tensor:
    """loss = |x - t|, element by element,   dx = sign(x - t) (0 at 0); reduction and errors as for `mse_loss`"""
    x, t = same_shape("l1_loss", real("l1_loss", input), real("l1_loss", target), reduction)
    return reduced("l1_loss", abs(x - t), reduction)


def smooth_l1_loss(input: Operand, target: Operand, *, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """loss = d^2 / (2 beta) where |d| < beta, |d| - beta/2 elsewhere,   d = x - t, element by element

    A parabola that goes on as lines: outliers, such as boxes far off, pull no harder than dx = +-1.
    beta = 0 is l1_loss.   Girshick 2015 (Fast R-CNN), arXiv:1504.08083, eq. 3, with beta = 1.
    reduction and errors as for `mse_loss`; ArgumentError (beta).
    """
    name = "smooth_l1_loss"
    x, t = same_shape(name, real(name, input), real(name, target), reduction)
    beta, d = number(name, "beta", beta, 0), x - t
    if beta == 0:
        return reduced(name, abs(d), reduction)
    return reduced(name, where(abs(d) < beta, d * d / (2 * beta), abs(d) - beta / 2), reduction)


def huber_loss(input: Operand, target: Operand, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """loss = d^2 / 2 where |d| <= delta, delta (|d| - delta/2) elsewhere,   d = x - t, element by element

    delta times smooth_l1_loss with beta = delta.   Huber 1964.
    reduction and errors as for `mse_loss`; ArgumentError (delta).
    """
    name = "huber_loss"
    x, t = same_shape(name, real(name, input), real(name, target), reduction)
    delta, d = number(name, "delta", delta, 0), x - t
    if delta == 0:
        raise ArgumentError(name, "delta is 0, and so would be every loss; it must be above 0.")
    return reduced(name, where(abs(d) <= delta, d * d / 2, delta * (abs(d) - delta / 2)), reduction)
