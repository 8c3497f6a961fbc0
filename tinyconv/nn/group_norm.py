"""Normalisation layers that look at each picture for itself: the batch does not matter, and eval() changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.geometry import whole
from tinyconv.ops.arguments import number
from tinyconv.ops.group_norm import group_norm, instance_norm, layer_norm
from tinyconv.tensor import Tensor

from .module import Module, Parameter


class LayerNorm(Module):
    """y = w (x - mean) / sqrt(var + eps) + b     mean and var (with 1/n) over the last axes, normalized_shape

    x (..., *normalized_shape) -> y likewise; w and b (normalized_shape), one number for each element.
    elementwise_affine=False: without w and b; bias=False: without b.   Ba et al. 2016, arXiv:1607.06450, section 3
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ):
        sizes = normalized_shape if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
        shape = tuple(whole("LayerNorm", "normalized_shape", n, least=1) for n in sizes)
        if not shape:
            raise ArgumentError("LayerNorm", "normalized_shape is empty; it must have the size of one axis at least.")
        self.normalized_shape, self.eps = shape, number("LayerNorm", "eps", eps, least=0)
        self.weight = Parameter(np.ones(shape, np.float32)) if elementwise_affine else None
        self.bias = Parameter(np.zeros(shape, np.float32)) if elementwise_affine and bias else None

    def forward(self, x: Tensor) -> Tensor:
        return layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        text = f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.weight is not None}"
        return text + (", bias=False" if self.weight is not None and self.bias is None else "")


class GroupNorm(Module):
    """y = w (x - mean) / sqrt(var + eps) + b     mean and var (with 1/n) over a picture and C/G of its channels

    x (N, C, ...) -> y likewise; w and b (C,). affine=False: without them.
    num_groups  G: a divisor of num_channels, C.   Wu and He 2018, arXiv:1803.08494, section 3
    """

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True):
        G = self.num_groups = whole("GroupNorm", "num_groups", num_groups, least=1)
        C = self.num_channels = whole("GroupNorm", "num_channels", num_channels, least=1)
        if C % G:
            raise ArgumentError("GroupNorm", f"num_channels is {C}; it must be a multiple of num_groups={G}.")
        self.eps = number("GroupNorm", "eps", eps, least=0)
        self.weight = Parameter(np.ones(C, np.float32)) if affine else None
        self.bias = Parameter(np.zeros(C, np.float32)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim < 2 or x.shape[1] != self.num_channels:
            raise ShapeError("GroupNorm", f"input has shape {x.shape}; it must be (N, {self.num_channels}, ...).")
        return group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.weight is not None}"


class InstanceNorm2d(Module):
    """y = w (x - mean) / sqrt(var + eps) + b     mean and var (with 1/n) of each channel of each picture

    x (N, C, H, W) -> y likewise. affine=True: with w and b (C,), which are left out by default, as in PyTorch.
    track_running_stats=True: in evaluation mode mean and var are the running ones, which follow in training:
        running <- (1 - momentum) running + momentum (mean over the pictures)        (var with 1/(n-1) here)
    Ulyanov, Vedaldi and Lempitsky 2016, arXiv:1607.08022, equation 4
    """

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None  # in the state_dict because PyTorch has it there; 0 for ever, as there

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
    ):
        name, tracked = "InstanceNorm2d", track_running_stats
        C = self.num_features = whole(name, "num_features", num_features, least=1)
        self.eps = number(name, "eps", eps, least=0)
        self.momentum = number(name, "momentum", momentum, least=0, most=1)
        self.weight = Parameter(np.ones(C, np.float32)) if affine else None
        self.bias = Parameter(np.zeros(C, np.float32)) if affine else None
        self.register_buffer("running_mean", Tensor(np.zeros(C, np.float32)) if tracked else None)
        self.register_buffer("running_var", Tensor(np.ones(C, np.float32)) if tracked else None)
        self.register_buffer("num_batches_tracked", Tensor(np.zeros((), np.int64)) if tracked else None)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4 or x.shape[1] != self.num_features:
            C = self.num_features
            raise ShapeError("InstanceNorm2d", f"input has shape {x.shape}; it must be (N, {C}, H, W).")
        mean, var = self.running_mean, self.running_var
        of_input = self.training or mean is None
        return instance_norm(x, mean, var, self.weight, self.bias, of_input, self.momentum, self.eps)

    def extra_repr(self) -> str:
        text = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
        return f"{text}, affine={self.weight is not None}, track_running_stats={self.running_mean is not None}"
