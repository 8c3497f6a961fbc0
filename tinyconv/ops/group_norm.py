"""Normalisation of each picture for itself: over its layer, its groups of channels, or its channels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import tinyconv.kernels as kernels
from tinyconv.backend import array_module
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.geometry import whole
from tinyconv.tape import is_grad_enabled
from tinyconv.tensor import Operand, Tensor, as_tensor, record, same_device, same_dtype

from .arguments import floating, number
from .arithmetic import sqrt
from .inplace import follow
from .norm import batch_norm
from .reduce import mean, var
from .shape import reshape


def layer_norm(
    input: Operand,
    normalized_shape: int | Sequence[int],
    weight: Operand | None = None,
    bias: Operand | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """y = (x - mean) / sqrt(var + eps) weight + bias        mean and var (with 1/n) over the last axes

    normalized_shape  the sizes of those axes, and the shape of weight and bias; a number for the last one
    Raises ShapeError, DTypeError, ArgumentError.   Ba, Kiros and Hinton 2016, arXiv:1607.06450, section 3
    """
    name, x = "layer_norm", floating(input)
    sizes = normalized_shape if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
    shape = tuple(whole(name, "normalized_shape", n, least=1) for n in sizes)
    if not shape or x.shape[-len(shape) :] != shape:
        raise ShapeError(name, f"input has shape {x.shape}; its last axes must be normalized_shape, {shape}.")
    w, b = _scales(name, x, weight, bias, shape)
    rows = reshape(x, math.prod(x.shape[: -len(shape)]), math.prod(shape))
    return _affine(reshape(standardise(rows, _eps(name, eps)), x.shape), w, b, shape)


def group_norm(
    input: Operand,
    num_groups: int,
    weight: Operand | None = None,
    bias: Operand | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """y = (x - mean) / sqrt(var + eps) weight + bias        mean and var (with 1/n) over a picture's C/G channels

    input x (N, C, ...)   weight, bias (C,)   num_groups  G, a divisor of C: 1 takes all channels, C each one alone
    Raises ShapeError, DTypeError, ArgumentError.   Wu and He 2018, arXiv:1803.08494, section 3
    """
    name, x = "group_norm", floating(input)
    _check_channels(name, x)
    N, C = x.shape[:2]
    G = whole(name, "num_groups", num_groups, least=1)
    if C % G:
        raise ShapeError(name, f"input {x.shape} has {C} channels, which do not divide into {G} groups.")
    w, b = _scales(name, x, weight, bias, (C,))
    rows = reshape(x, N * G, math.prod(x.shape[1:]) // G)
    return _affine(reshape(standardise(rows, _eps(name, eps)), x.shape), w, b, _channels(x))


def instance_norm(
    input: Operand,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Operand | None = None,
    bias: Operand | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """y = (x - mean) / sqrt(var + eps) weight + bias        mean and var (with 1/n) of each picture's channel

    input x (N, C, L) or (N, C, H, W); the others (C,)
    running <- (1 - momentum) running + momentum (mean over the pictures), if given, var with 1/(n-1), in place;
    use_input_stats=False: these are used, and do not change
    Raises ShapeError, DTypeError, ArgumentError.   Ulyanov et al. 2016, arXiv:1607.08022, equation 4
    """
    name, x = "instance_norm", floating(input)
    _check_channels(name, x)
    if x.ndim not in (3, 4):
        raise ShapeError(name, f"input has shape {x.shape}; it must be (N, C, L) or (N, C, H, W).")
    N, C, n = *x.shape[:2], math.prod(x.shape[2:])
    w, b = _scales(name, x, weight, bias, (C,))
    kept_mean, kept_var = _scales(name, x, running_mean, running_var, (C,), ("running_mean", "running_var"))
    eps, momentum = _eps(name, eps), number(name, "momentum", momentum, least=0, most=1)
    if not use_input_stats:
        if kept_mean is None or kept_var is None:
            raise ArgumentError(name, "with use_input_stats=False it needs running_mean and running_var: give both.")
        return batch_norm(x, kept_mean, kept_var, w, b, eps=eps)
    if n < 2:
        raise ShapeError(name, f"input {x.shape} has {n} values a channel; their variance needs 2.")
    places = tuple(range(2, x.ndim))
    if kept_mean is not None and N:
        follow(kept_mean, x.data.mean((0, *places)), momentum)
    if kept_var is not None and N:
        follow(kept_var, x.data.var(places, ddof=1).mean(0), momentum)
    return _affine(reshape(standardise(reshape(x, N * C, n), eps), x.shape), w, b, _channels(x))


def standardise(x: Tensor, eps: float) -> Tensor:
    """y = (x - mean) / sqrt(var + eps)        each row of x (R, M) with its own mean and var (with 1/M)

    dx = (dy - mean dy - y mean (dy y)) / sqrt(var + eps)
    """
    xp, row = array_module(x.data), x.data[None]  # a picture with a channel for each row
    mean_of, var_of = kernels.batch_norm_stats(row)
    one, zero = xp.ones_like(mean_of), xp.zeros_like(mean_of)

    def rule(dy: Tensor, y: Tensor) -> Tensor:
        if not is_grad_enabled():
            return Tensor(kernels.batch_norm_input(dy.data[None], row, mean_of, var_of, one, eps)[0][0])
        r = 1 / sqrt(var(x, 1, correction=0, keepdim=True) + eps)
        return r * (dy - mean(dy, 1, keepdim=True) - y * mean(dy * y, 1, keepdim=True))

    y = kernels.batch_norm(row, mean_of, var_of, one, zero, eps)[0]
    return record("standardise", y, (x, rule), eps=eps)


def _affine(z: Tensor, w: Tensor | None, b: Tensor | None, shape: tuple[int, ...]) -> Tensor:
    """z w + b, as far as they are given"""
    y = z if w is None else z * reshape(w, shape)
    return y if b is None else y + reshape(b, shape)


def _channels(x: Tensor) -> tuple[int, ...]:
    """(C,) -> (C, 1, 1): the shape in which numbers of the channels broadcast."""
    return (x.shape[1], *[1] * (x.ndim - 2))


# ---------------------------------------------------------------- arguments


def _eps(operation: str, eps: float) -> float:
    return number(operation, "eps", eps, least=0)


def _check_channels(operation: str, x: Tensor) -> None:
    if x.ndim < 2 or 0 in x.shape[1:]:
        raise ShapeError(operation, f"input has shape {x.shape}; it must be (N, C, ...), and only N may be 0.")


def _scales(
    operation: str,
    x: Tensor,
    a: Operand,
    b: Operand,
    shape: tuple[int, ...],
    names: tuple[str, str] = ("weight", "bias"),
) -> tuple[Tensor | None, Tensor | None]:
    """Two optional arguments that must have this shape, and x's device and dtype."""
    given = [None if value is None else as_tensor(value) for value in (a, b)]
    for name, value in zip(names, given, strict=True):
        if value is None:
            continue
        if value.shape != shape:
            raise ShapeError(operation, f"{name} has shape {value.shape}; for input {x.shape} it must be {shape}.")
        same_device(operation, x, value)
        same_dtype(operation, x, value)
    return given[0], given[1]
