"""Normalisation layers."""

from __future__ import annotations

import numpy as np

from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.geometry import whole
from tinyconv.ops.norm import batch_norm
from tinyconv.tensor import Tensor

from .module import Module, Parameter


class BatchNorm2d(Module):
    """y = w (x - mean) / sqrt(var + eps) + b     for each channel, over (N, H, W)

    In training mode mean and var are the batch's (var with 1/n), and the running ones follow them:
        running <- (1 - momentum) running + momentum batch        (var with 1/(n-1) here, as in PyTorch)
    momentum=None: running is the plain mean over all batches so far, momentum = 1/t at the t-th.
    In evaluation mode they are the running ones; without track_running_stats always the batch's.
    Ioffe and Szegedy 2015, arXiv:1502.03167, Algorithms 1 and 2.
    """

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ):
        C = self.num_features = whole("BatchNorm2d", "num_features", num_features, least=1)
        if not eps >= 0:
            raise ArgumentError("BatchNorm2d", f"eps is {eps}; it must be at least 0.")
        if momentum is not None and not 0 <= momentum <= 1:
            raise ArgumentError("BatchNorm2d", f"momentum is {momentum}; it must lie between 0 and 1, or be None.")
        self.eps, self.momentum = eps, momentum
        self.weight = Parameter(np.ones(C, np.float32)) if affine else None
        self.bias = Parameter(np.zeros(C, np.float32)) if affine else None
        tracked = track_running_stats
        self.register_buffer("running_mean", Tensor(np.zeros(C, np.float32)) if tracked else None)
        self.register_buffer("running_var", Tensor(np.ones(C, np.float32)) if tracked else None)
        self.register_buffer("num_batches_tracked", Tensor(np.zeros((), np.int64)) if tracked else None)

    def forward(self, x: Tensor, *then: Module, residual: Tensor | None = None, relu: bool = False) -> Tensor:
        """then, residual, relu: a ReLU layer that follows, what is added to y, a ReLU at the end, in the same pass"""
        if x.ndim != 4:
            raise ShapeError("BatchNorm2d", f"input has shape {x.shape}; it must be (N, {self.num_features}, H, W).")
        t = self.num_batches_tracked
        y = batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            training=self.training or t is None,
            momentum=1 / (1 + int(t or 0)) if self.momentum is None else self.momentum,
            eps=self.eps,
            residual=residual,
            relu=relu or bool(then),
        )
        if self.training and t is not None:
            t.add_(1)
        return y

    def extra_repr(self) -> str:
        text = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
        text += "" if self.weight is not None else ", affine=False"
        return text + ("" if self.running_mean is not None else ", track_running_stats=False")
