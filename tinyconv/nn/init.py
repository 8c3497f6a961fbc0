"""Initialisers: how large random weights must be for signals to keep their size through a deep net.

fan_in is the number of inputs that go into one output, fan_out the number of outputs that one input
goes to:  in and out for a Linear;  C/groups KH KW and F/groups KH KW for a Conv2d.
All draw from the random stream "weights", change the tensor in place, and return it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from tinyconv import random
from tinyconv.backend import move
from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from tinyconv.geometry import whole
from tinyconv.tape import no_grad
from tinyconv.tensor import Tensor

BLOCK = 2**20  # numbers that are drawn at a time
_skipped: ContextVar[bool] = ContextVar("tinyconv_init_skipped", default=False)


@contextmanager
def skipped() -> Iterator[None]:
    """In here initialisers leave tensors as they are: a large net is there at once, to be looked at or to be loaded.

    Its weights are then whatever was in memory, and the random streams stay where they were.
    """
    token = _skipped.set(True)
    try:
        yield
    finally:
        _skipped.reset(token)


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """w ~ U(a, b)"""
    if not a <= b:
        raise ArgumentError("uniform_", f"from {a} to {b} there are no numbers; a must be at most b.")
    draw, dtype = random.stream("weights").random, _precision("uniform_", tensor)
    return _fill(tensor, lambda shape: a + (b - a) * draw(shape, dtype))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """w ~ N(mean, std^2)"""
    if not std >= 0:
        raise ArgumentError("normal_", f"std is {std}; it must be at least 0.")
    draw, dtype = random.stream("weights").standard_normal, _precision("normal_", tensor)
    return _fill(tensor, lambda shape: mean + std * draw(shape, dtype))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """w = val"""
    return _fill(tensor, lambda shape: np.full(shape, val))


def zeros_(tensor: Tensor) -> Tensor:
    """w = 0"""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """w = 1"""
    return constant_(tensor, 1.0)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, *, groups: int = 1) -> Tensor:
    """Var w = gain^2 * 2/(fan_in + fan_out), uniform.   Glorot and Bengio 2010, eq. 16"""
    return _uniform_of_std(tensor, gain * math.sqrt(2 / sum(fans(tensor, groups))))


def xavier_normal_(tensor: Tensor, gain: float = 1.0, *, groups: int = 1) -> Tensor:
    """Var w = gain^2 * 2/(fan_in + fan_out), normal.   Glorot and Bengio 2010, eq. 12"""
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(fans(tensor, groups))))


def kaiming_uniform_(
    tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", *, groups: int = 1
) -> Tensor:
    """Var w = gain^2 / fan, uniform; gain^2 = 2/(1 + a^2) for a leaky ReLU of slope a.

    He et al. 2015, arXiv:1502.01852, section 2.2, eq. 10 (fan_in), 14 (fan_out), 15 (slope)
    """
    return _uniform_of_std(tensor, calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode, groups)))


def kaiming_normal_(
    tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", *, groups: int = 1
) -> Tensor:
    """Var w = gain^2 / fan, normal.   He et al. 2015, arXiv:1502.01852, section 2.2, as above"""
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode, groups)))


def lecun_uniform_(tensor: Tensor, *, groups: int = 1) -> Tensor:
    """Var w = 1/fan_in, uniform.   LeCun, Bottou, Orr and Mueller 1998, "Efficient BackProp", section 4.6"""
    return _uniform_of_std(tensor, 1 / math.sqrt(fans(tensor, groups)[0]))


def lecun_normal_(tensor: Tensor, *, groups: int = 1) -> Tensor:
    """Var w = 1/fan_in, normal.   LeCun, Bottou, Orr and Mueller 1998, "Efficient BackProp", section 4.6"""
    return normal_(tensor, 0.0, 1 / math.sqrt(fans(tensor, groups)[0]))


def uniform_by_fan_in_(weight: Tensor, bias: Tensor | None) -> None:
    """w and b ~ U(-1/sqrt(fan_in), 1/sqrt(fan_in)): what PyTorch gives to its Linear and Conv2d."""
    bound = 1 / math.sqrt(fans(weight)[0])
    uniform_(weight, -bound, bound)
    if bias is not None:
        uniform_(bias, -bound, bound)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much weights must grow to make up for what an activation loses; PyTorch's values.

    param  the slope of a leaky ReLU (0.01 if None)
    """
    slope = 0.01 if param is None else param
    gains = {
        "linear": 1.0,
        "conv2d": 1.0,
        "sigmoid": 1.0,
        "tanh": 5 / 3,
        "relu": math.sqrt(2),
        "leaky_relu": math.sqrt(2 / (1 + slope * slope)),
    }
    if nonlinearity not in gains:
        raise UnknownNameError("calculate_gain", "nonlinearity", nonlinearity, gains)
    return gains[nonlinearity]


def fans(tensor: Tensor, groups: int = 1) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (out, in, KH, KW) or (out, in).

    `groups` counts for fan_out only: a weight's second axis is already the channels of one group.
    (PyTorch, which cannot see the groups, takes fan_out of a grouped convolution too large.)
    """
    if tensor.ndim < 2 or 0 in tensor.shape:
        problem = f"a tensor of shape {tensor.shape} has no fan_in and fan_out; it needs two axes, none empty."
        raise ShapeError("init", problem)
    out, inp, *kernel = tensor.shape
    if out % whole("init", "groups", groups, least=1):
        raise ArgumentError("init", f"groups is {groups}, but {out} outputs do not divide into so many.")
    return inp * math.prod(kernel), out // groups * math.prod(kernel)


def _fan(tensor: Tensor, mode: str, groups: int) -> int:
    modes = ("fan_in", "fan_out")
    if mode not in modes:
        raise UnknownNameError("init", "mode", mode, modes)
    return fans(tensor, groups)[modes.index(mode)]


def _uniform_of_std(tensor: Tensor, std: float) -> Tensor:
    """U(-a, a) has the standard deviation a / sqrt(3)."""
    return uniform_(tensor, -math.sqrt(3) * std, math.sqrt(3) * std)


def _precision(name: str, tensor: Tensor) -> type:
    """The type to draw in."""
    if tensor.dtype.kind != "f":
        raise DTypeError(name, f"a tensor of {tensor.dtype} cannot hold real random numbers; use a floating-point one.")
    return np.float64 if tensor.dtype == np.float64 else np.float32


def _fill(tensor: Tensor, values: Callable[[tuple[int, ...]], np.ndarray]) -> Tensor:
    """Some rows at a time: the largest layers would need as much memory again for a moment."""
    if _skipped.get():
        return tensor
    rows = max(1, BLOCK // max(1, math.prod(tensor.shape[1:])))
    with no_grad():
        for part in [tensor[i : i + rows] for i in range(0, len(tensor), rows)] if tensor.ndim else [tensor]:
            part.copy_(move(np.asarray(values(part.shape), tensor.dtype), tensor.device))
    return tensor
