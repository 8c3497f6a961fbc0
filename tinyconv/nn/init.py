"""Initialisers: how large random weights must be for signals to keep their size through a deep net.

fan_in is the number of inputs that go into one output, fan_out the number of outputs that one input
goes to:  in and out for a Linear;  C/groups KH KW and F/groups KH KW for a Conv2d.
All draw from the random stream "weights" and change the tensor in place.
"""

from __future__ import annotations

import math

import numpy as np

from tinyconv import random
from tinyconv.backend import move
from tinyconv.errors import ShapeError, UnknownNameError
from tinyconv.tape import no_grad
from tinyconv.tensor import Tensor


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """w ~ U(a, b)"""
    return _fill(tensor, random.stream("weights").uniform(a, b, tensor.shape))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """w ~ N(mean, std^2)"""
    return _fill(tensor, random.stream("weights").normal(mean, std, tensor.shape))


def constant_(tensor: Tensor, value: float) -> Tensor:
    """w = value"""
    return _fill(tensor, np.full(tensor.shape, value))


def zeros_(tensor: Tensor) -> Tensor:
    """w = 0"""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """w = 1"""
    return constant_(tensor, 1.0)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, groups: int = 1) -> Tensor:
    """Var w = gain^2 * 2/(fan_in + fan_out), uniform.   Glorot and Bengio 2010, eq. 16"""
    return _uniform_of_std(tensor, gain * math.sqrt(2 / sum(fans(tensor, groups))))


def xavier_normal_(tensor: Tensor, gain: float = 1.0, groups: int = 1) -> Tensor:
    """Var w = gain^2 * 2/(fan_in + fan_out), normal.   Glorot and Bengio 2010, eq. 12"""
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(fans(tensor, groups))))


def kaiming_uniform_(
    tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", groups: int = 1
) -> Tensor:
    """Var w = gain^2 / fan, uniform; gain^2 = 2/(1 + a^2) for a leaky ReLU of slope a.   He et al. 2015, eq. 15"""
    return _uniform_of_std(tensor, calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode, groups)))


def kaiming_normal_(
    tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", groups: int = 1
) -> Tensor:
    """Var w = gain^2 / fan, normal.   He et al. 2015, arXiv:1502.01852, eq. 10 and 15"""
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode, groups)))


def lecun_uniform_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Var w = 1/fan_in, uniform.   LeCun, Bottou, Orr and Mueller 1998, "Efficient BackProp", section 4.6"""
    return _uniform_of_std(tensor, 1 / math.sqrt(fans(tensor, groups)[0]))


def lecun_normal_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Var w = 1/fan_in, normal.   LeCun, Bottou, Orr and Mueller 1998, "Efficient BackProp", section 4.6"""
    return normal_(tensor, 0.0, 1 / math.sqrt(fans(tensor, groups)[0]))


def calculate_gain(nonlinearity: str, a: float = 0.0) -> float:
    """By how much weights must grow to make up for what an activation loses; PyTorch's values."""
    gains = {
        "linear": 1.0,
        "conv2d": 1.0,
        "sigmoid": 1.0,
        "tanh": 5 / 3,
        "relu": math.sqrt(2),
        "leaky_relu": math.sqrt(2 / (1 + a * a)),
    }
    if nonlinearity not in gains:
        raise UnknownNameError("calculate_gain", "nonlinearity", nonlinearity, gains)
    return gains[nonlinearity]


def fans(tensor: Tensor, groups: int = 1) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (out, in, KH, KW) or (out, in).

    `groups` counts for fan_out only: a weight's second axis is already the channels of one group.
    (PyTorch, which cannot see the groups, takes fan_out of a grouped convolution too large.)
    """
    if tensor.ndim < 2:
        raise ShapeError("init", f"a tensor of shape {tensor.shape} has no fan_in and fan_out; it needs two axes.")
    out, inp, *kernel = tensor.shape
    return inp * math.prod(kernel), out // groups * math.prod(kernel)


def _fan(tensor: Tensor, mode: str, groups: int) -> int:
    modes = ("fan_in", "fan_out")
    if mode not in modes:
        raise UnknownNameError("init", "mode", mode, modes)
    return fans(tensor, groups)[modes.index(mode)]


def _uniform_of_std(tensor: Tensor, std: float) -> Tensor:
    """U(-a, a) has the standard deviation a / sqrt(3)."""
    return uniform_(tensor, -math.sqrt(3) * std, math.sqrt(3) * std)


def _fill(tensor: Tensor, values: np.ndarray) -> Tensor:
    with no_grad():
        return tensor.copy_(move(values.astype(tensor.dtype), tensor.device))
