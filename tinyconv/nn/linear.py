"""The dense layer, and what brings pictures into its form."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyconv.geometry import whole
from tinyconv.ops.matmul import linear
from tinyconv.ops.shape import flatten
from tinyconv.tensor import Tensor

from . import init
from .module import Module, Parameter


class Linear(Module):
    """y = x W^T + b        x (..., in_features)  ->  y (..., out_features)

    weight (out_features, in_features), bias (out_features,), both drawn from
    U(-1/sqrt(in_features), 1/sqrt(in_features)), as in PyTorch.   Rumelhart, Hinton and Williams 1986
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True):
        self.in_features = whole("Linear", "in_features", in_features, least=1)
        self.out_features = whole("Linear", "out_features", out_features, least=1)
        self.weight = Parameter(np.empty((self.out_features, self.in_features), np.float32))
        self.bias = Parameter(np.empty(self.out_features, np.float32)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        init.uniform_by_fan_in_(self.weight, self.bias)

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        text = f"in_features={self.in_features}, out_features={self.out_features}"
        return text + ("" if self.bias is not None else ", bias=False")


class Identity(Module):
    """y = x: nothing, where a net wants a layer. Takes any arguments and does without them, as in PyTorch."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__()

    def forward(self, x: Any) -> Any:
        return x


class Flatten(Module):
    """y = x with the axes start_dim..end_dim merged: (N, C, H, W) -> (N, C*H*W)"""

    def __init__(self, start_dim: int = 1, end_dim: int = -1):
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Tensor) -> Tensor:
        return flatten(x, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
