"""Normalisation layers."""

from __future__ import annotations

import numpy as np

from tinyconv.errors import ShapeError
from tinyconv.ops.norm import batch_norm
from tinyconv.tensor import Tensor

from .module import Module, Parameter


class BatchNorm2d(Module):
    """y = w (x - mean) / sqrt(var + eps) + b     for each channel, over (N, H, W)

    In training mode mean and var are the batch's (var with 1/n), and the running ones follow them:
        running <- (1 - momentum) running + momentum batch        (var with 1/(n-1) here, as in PyTorch)
    In evaluation mode they are the running ones.
    Ioffe and Szegedy 2015, arXiv:1502.03167, Algorithms 1 and 2.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ):
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.weight = Parameter(np.ones(num_features, np.float32)) if affine else None
        self.bias = Parameter(np.zeros(num_features, np.float32)) if affine else None
        self.running_mean: Tensor | None = None
        self.running_var: Tensor | None = None
        if track_running_stats:
            self.register_buffer("running_mean", Tensor(np.zeros(num_features, np.float32)))
            self.register_buffer("running_var", Tensor(np.ones(num_features, np.float32)))
            self.register_buffer("num_batches_tracked", Tensor(np.zeros((), np.int64)))

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4:
            raise ShapeError("BatchNorm2d", f"input has shape {x.shape}; it must be (N, {self.num_features}, H, W).")
        tracking = self.running_mean is not None
        y = batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=self.training or not tracking,
            momentum=self.momentum,
            eps=self.eps,
        )
        if self.training and tracking:
            self.num_batches_tracked.add_(1)
        return y

    def extra_repr(self) -> str:
        text = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
        text += "" if self.weight is not None else ", affine=False"
        return text + ("" if self.running_mean is not None else ", track_running_stats=False")
