"""What is done to all parameters at once: clipping of gradients, penalties on weights."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real

import numpy as np

import tinyconv.kernels as kernels
from tinyconv.backend import Array, array_module
from tinyconv.errors import ArgumentError
from tinyconv.tape import no_grad
from tinyconv.tensor import Tensor

Parameters = Tensor | Iterable[Tensor]


def clip_grad_norm_(
    parameters: Parameters, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """g <- g min(1, max_norm / (||g|| + 1e-6))     in place, ||g|| the norm of all gradients as one vector

    Between backward() and step(): the direction stays, the step's length is bounded.
    norm_type  p of the norm (sum |g|^p)^(1/p); math.inf for the largest |g|
    error_if_nonfinite  refuse gradients whose norm is NaN or infinite, which otherwise all become NaN or 0

    Returns ||g|| as it was before. Parameters without a gradient are passed over.
    Pascanu, Mikolov and Bengio 2013, arXiv:1211.5063, section 3.2.
    """
    name = "clip_grad_norm_"
    _positive(name, "max_norm", max_norm)
    if not isinstance(norm_type, Real) or not norm_type > 0:
        raise ArgumentError(name, f"norm_type is {norm_type!r}; it must be above 0, such as 2 or math.inf.")
    gradients = [p.grad for p in _listed(name, parameters) if p.grad is not None]
    if not gradients:
        return Tensor(np.zeros((), np.float32))
    norm = _norm([g.data for g in gradients], float(norm_type))
    if error_if_nonfinite and not math.isfinite(norm):
        problem = f"the norm of the gradients is {norm.item()}. error_if_nonfinite=False scales them all the same."
        raise ArgumentError(name, problem)
    with no_grad(), np.errstate(invalid="ignore"):  # infinity times 0 is NaN
        share = array_module(norm).minimum(max_norm / (norm + 1e-6), 1)
        for g in gradients:
            array = g.change(name)
            array *= share
    return Tensor(norm)


def _norm(gs: list[Array], p: float) -> Array:
    """The norm of all arrays as one vector, 0-d."""
    xp = array_module(gs[0])
    if p == 2:
        norms = kernels.vector_norms(gs)
        return xp.sqrt(xp.square(norms, dtype="float64").sum()).astype(norms.dtype)
    if p == math.inf:
        return xp.stack([xp.abs(g).max(initial=0) for g in gs]).max()
    return xp.stack([(xp.abs(g) ** p).sum() for g in gs]).sum() ** (1 / p)


def clip_grad_value_(parameters: Parameters, clip_value: float) -> None:
    """g <- min(max(g, -clip_value), clip_value)     in place, element by element; the direction may change"""
    name = "clip_grad_value_"
    _positive(name, "clip_value", clip_value)
    with no_grad():
        for p in _listed(name, parameters):
            if p.grad is not None:
                g = p.grad.change(name)
                array_module(g).clip(g, -clip_value, clip_value, out=g)


def l1_penalty(parameters: Parameters) -> Tensor:
    """R = sum |w| over all elements of all parameters: loss + strength * l1_penalty(model.parameters())

    dR/dw = sign(w), the same however small w is, so that many weights end near 0: Tibshirani 1996 (lasso).
    """
    return _total("l1_penalty", [p.abs().sum() for p in _listed("l1_penalty", parameters)])


def l2_penalty(parameters: Parameters) -> Tensor:
    """R = sum w^2 over all elements of all parameters: loss + strength * l2_penalty(model.parameters())

    dR/dw = 2w, so strength s is weight_decay = 2s of SGD, Adagrad, RMSprop, Adadelta and Adam, which add
    weight_decay w to the gradient. The penalty also shows in the loss, may be for some parameters alone, and
    has gradients of gradients. AdamW's weight decay is no penalty: there the moments do not see it.
    """
    return _total("l2_penalty", [(p * p).sum() for p in _listed("l2_penalty", parameters)])


def _total(name: str, sums: list[Tensor]) -> Tensor:
    if not sums:
        raise ArgumentError(name, "there are no parameters.")
    total = sums[0]
    for more in sums[1:]:
        total = total + more
    return total


def _listed(name: str, parameters: Parameters) -> list[Tensor]:
    listed = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    for p in listed:
        if not isinstance(p, Tensor):
            raise ArgumentError(name, f"parameters holds {type(p).__name__}; pass model.parameters().")
    return listed


def _positive(name: str, what: str, value: float) -> None:
    if not isinstance(value, Real) or not value >= 0:
        raise ArgumentError(name, f"{what} is {value!r}; it must be a number of at least 0.")
