"""Activation functions with a corner, made of pieces."""

from __future__ import annotations

import tinyconv.kernels as kernels
from tinyconv.errors import ShapeError
from tinyconv.tensor import Operand, Tensor, as_tensor, record, same_device, same_dtype

from .arguments import floating, number, real
from .arithmetic import where
from .shape import reshape, sum_to


def relu6(x: Operand) -> Tensor:
    """y = min(max(x, 0), 6),   dx = dy where 0 < x < 6, 0 elsewhere   Sandler et al. 2018, arXiv:1801.04381"""
    x = real("relu6", x)
    return record("relu6", kernels.relu6(x.data), (x, lambda dy, y: relu6_input(dy, y)))


def relu6_input(dy: Tensor, y: Tensor) -> Tensor:
    """dx of relu6: dy where 0 < y < 6, 0 elsewhere. Linear in dy, and its own adjoint."""
    return record("relu6_input", kernels.relu6_input(dy.data, y.data), (dy, lambda ddx: relu6_input(ddx, y)), y=y)


def prelu(x: Operand, weight: Operand) -> Tensor:
    """y = x where x > 0, weight x elsewhere

    dx = dy where x > 0, weight dy elsewhere,   dweight = sum of dy x over the elements with x <= 0

    weight  (C,), a slope for each channel of x (N, C, ...), or (1,), the same for all
    Raises ShapeError, DTypeError.   He et al. 2015, arXiv:1502.01852, section 2.1
    """
    x, w = floating(real("prelu", x)), as_tensor(weight)
    C = x.shape[1] if x.ndim > 1 else 1
    if w.shape not in ((1,), (C,)):
        raise ShapeError("prelu", f"weight has shape {w.shape}; for input {x.shape} it must be (1,) or ({C},).")
    same_device("prelu", x, w)
    same_dtype("prelu", x, w)
    W = (1,) * x.ndim if w.shape == (1,) else (C, *[1] * (x.ndim - 2))
    return record(
        "prelu",
        kernels.prelu(x.data, w.data),
        (x, lambda dy: where(x > 0, dy, dy * reshape(w, W))),
        (w, lambda dy: reshape(sum_to(where(x > 0, 0, dy * x), W), -1)),
    )


def elu(x: Operand, alpha: float = 1.0) -> Tensor:
    """y = x where x > 0, alpha (e^x - 1) elsewhere,   dx = dy where x > 0, dy alpha e^x = dy (y + alpha) elsewhere

    alpha  at least 0; anything else is an ArgumentError.   Clevert et al. 2016, arXiv:1511.07289, section 3
    """
    x = floating(real("elu", x))
    alpha = number("elu", "alpha", alpha, least=0)
    return record("elu", kernels.elu(x.data, alpha), (x, lambda dy, y: elu_input(dy, y, alpha)), alpha=alpha)


def elu_input(dy: Tensor, y: Tensor, alpha: float) -> Tensor:
    """dx of elu: dy where y > 0, dy (y + alpha) elsewhere"""
    dx = kernels.elu_input(dy.data, y.data, alpha)
    by_dy = (dy, lambda ddx: elu_input(ddx, y, alpha))
    return record("elu_input", dx, by_dy, (y, lambda ddx: where(y > 0, 0, ddx * dy)), alpha=alpha)


def hardsigmoid(x: Operand) -> Tensor:
    """y = min(max(x + 3, 0), 6) / 6,   dx = dy / 6 where -3 < x < 3, 0 elsewhere

    Slopes differ: this is PyTorch's; Courbariaux et al. 2015, arXiv:1511.00363, have min(max((x + 1)/2, 0), 1),
    and Keras before version 3 min(max(x/5 + 1/2, 0), 1).
    """
    return relu6(floating(real("hardsigmoid", x)) + 3) / 6


def hardswish(x: Operand) -> Tensor:
    """y = x hardsigmoid(x)   Howard et al. 2019, arXiv:1905.02244, section 5.2"""
    x = floating(real("hardswish", x))
    return x * relu6(x + 3) / 6
