"""Activation layers: the functions of ops/activation.py, activation_piecewise.py and activation_smooth.py as modules.

x is of any shape, and y of the same. The gradients are said there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.geometry import whole
from tinyconv.ops import activation, activation_piecewise, activation_smooth
from tinyconv.ops.arguments import number
from tinyconv.tensor import Tensor

from .module import Module, Parameter


class ReLU(Module):
    """y = max(x, 0)   Nair and Hinton 2010"""

    def forward(self, x: Tensor) -> Tensor:
        return activation.relu(x)


class LeakyReLU(Module):
    """y = x where x > 0, negative_slope x elsewhere   Maas et al. 2013"""

    def __init__(self, negative_slope: float = 0.01):
        self.negative_slope = number("LeakyReLU", "negative_slope", negative_slope)

    def forward(self, x: Tensor) -> Tensor:
        return activation.leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}"


class ReLU6(Module):
    """y = min(max(x, 0), 6)   Sandler et al. 2018, arXiv:1801.04381"""

    def forward(self, x: Tensor) -> Tensor:
        return activation_piecewise.relu6(x)


class PReLU(Module):
    """y = x where x > 0, weight x elsewhere; weight is learned     He et al. 2015, arXiv:1502.01852, section 2.1

    num_parameters  1, one slope for all channels, or C, one for each channel of x (N, C, ...)
    init            what they begin with
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25):
        self.num_parameters = whole("PReLU", "num_parameters", num_parameters, least=1)
        self.weight = Parameter(np.full(self.num_parameters, number("PReLU", "init", init), np.float32))

    def forward(self, x: Tensor) -> Tensor:
        return activation_piecewise.prelu(x, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class ELU(Module):
    """y = x where x > 0, alpha (e^x - 1) elsewhere   Clevert et al. 2016, arXiv:1511.07289, section 3"""

    def __init__(self, alpha: float = 1.0):
        self.alpha = number("ELU", "alpha", alpha, least=0)

    def forward(self, x: Tensor) -> Tensor:
        return activation_piecewise.elu(x, self.alpha)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"


class GELU(Module):
    """y = x Phi(x), Phi the normal distribution function   Hendrycks and Gimpel 2016, arXiv:1606.08415

    approximate="tanh":  y = x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
    """

    def __init__(self, approximate: str = "none"):
        if approximate not in activation_smooth.APPROXIMATIONS:
            raise UnknownNameError("GELU", "approximation", approximate, activation_smooth.APPROXIMATIONS)
        self.approximate = approximate

    def forward(self, x: Tensor) -> Tensor:
        return activation_smooth.gelu(x, self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class SiLU(Module):
    """y = x / (1 + e^-x)   Elfwing et al. 2017, arXiv:1702.03118"""

    def forward(self, x: Tensor) -> Tensor:
        return activation_smooth.silu(x)


class Softplus(Module):
    """y = ln(1 + e^(beta x)) / beta, or x where beta x > threshold   Dugas et al. 2001"""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0):
        self.beta, self.threshold = number("Softplus", "beta", beta), number("Softplus", "threshold", threshold)
        if self.beta <= 0:
            raise ArgumentError("Softplus", f"beta is {beta}; it must be above 0.")

    def forward(self, x: Tensor) -> Tensor:
        return activation_smooth.softplus(x, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Tanh(Module):
    """y = (e^x - e^-x) / (e^x + e^-x)   LeCun et al. 1998, "Efficient BackProp", section 4.4"""

    def forward(self, x: Tensor, *then: Any) -> Tensor:
        """then: the AvgPool2d that follows, if they are to be done at once (see fusion.py)"""
        return then[0].after_tanh(x) if then else activation.tanh(x)


class ScaledTanh(Module):
    """y = 1.7159 tanh(2x/3)   LeCun et al. 1998, "Gradient-Based Learning ...", appendix A"""

    def forward(self, x: Tensor) -> Tensor:
        return activation_smooth.scaled_tanh(x)


class Sigmoid(Module):
    """y = 1 / (1 + e^-x)   Rumelhart, Hinton and Williams 1986"""

    def forward(self, x: Tensor) -> Tensor:
        return activation.sigmoid(x)


class Hardsigmoid(Module):
    """y = min(max(x + 3, 0), 6) / 6   Howard et al. 2019, arXiv:1905.02244, section 5.2"""

    def forward(self, x: Tensor) -> Tensor:
        return activation_piecewise.hardsigmoid(x)


class Hardswish(Module):
    """y = x min(max(x + 3, 0), 6) / 6   Howard et al. 2019, arXiv:1905.02244, section 5.2"""

    def forward(self, x: Tensor) -> Tensor:
        return activation_piecewise.hardswish(x)


class Softmax(Module):
    """y_i = e^x_i / sum_j e^x_j along `dim`. Not before CrossEntropyLoss, which applies it itself.   Bridle 1990"""

    def __init__(self, dim: int = -1):
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return activation.softmax(x, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """y_i = x_i - ln sum_j e^x_j along `dim`, the logarithm of Softmax   Bridle 1990"""

    def __init__(self, dim: int = -1):
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return activation.log_softmax(x, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
