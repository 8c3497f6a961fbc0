"""Activation layers: the functions of ops/activation.py as modules."""

from __future__ import annotations

from tinyconv.ops import activation
from tinyconv.tensor import Tensor

from .module import Module


class ReLU(Module):
    """y = max(x, 0)"""

    def forward(self, x: Tensor) -> Tensor:
        return activation.relu(x)


class LeakyReLU(Module):
    """y = x where x > 0, negative_slope x elsewhere"""

    def __init__(self, negative_slope: float = 0.01):
        self.negative_slope = negative_slope

    def forward(self, x: Tensor) -> Tensor:
        return activation.leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}"


class Tanh(Module):
    """y = (e^x - e^-x) / (e^x + e^-x)"""

    def forward(self, x: Tensor) -> Tensor:
        return activation.tanh(x)


class Sigmoid(Module):
    """y = 1 / (1 + e^-x)"""

    def forward(self, x: Tensor) -> Tensor:
        return activation.sigmoid(x)


class Softmax(Module):
    """y_i = e^x_i / sum_j e^x_j along `dim`. Not before CrossEntropyLoss, which applies it itself."""

    def __init__(self, dim: int = -1):
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return activation.softmax(x, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """y_i = x_i - ln sum_j e^x_j along `dim`"""

    def __init__(self, dim: int = -1):
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return activation.log_softmax(x, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
