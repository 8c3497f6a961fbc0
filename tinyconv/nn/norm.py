"""Batch normalisation layers."""

from __future__ import annotations

from numbers import Real

import numpy as np

from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.geometry import whole
from tinyconv.ops.arguments import number
from tinyconv.ops.norm import batch_norm
from tinyconv.tensor import Tensor

from .module import Module, Parameter


class _BatchNorm(Module):
    """What BatchNorm1d and BatchNorm2d share: all but the shapes that they take."""

    axes: tuple[str, ...]  # what an input may be
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
        name = type(self).__name__
        C = self.num_features = whole(name, "num_features", num_features, least=1)
        if momentum is not None and not (isinstance(momentum, Real) and 0 <= momentum <= 1):
            raise ArgumentError(name, f"momentum is {momentum!r}; it must lie between 0 and 1, or be None.")
        self.eps, self.momentum = number(name, "eps", eps, least=0), momentum
        self.weight = Parameter(np.ones(C, np.float32)) if affine else None
        self.bias = Parameter(np.zeros(C, np.float32)) if affine else None
        tracked = track_running_stats
        self.register_buffer("running_mean", Tensor(np.zeros(C, np.float32)) if tracked else None)
        self.register_buffer("running_var", Tensor(np.ones(C, np.float32)) if tracked else None)
        self.register_buffer("num_batches_tracked", Tensor(np.zeros((), np.int64)) if tracked else None)

    @classmethod
    def with_decay(
        cls,
        num_features: int,
        decay: float,
        eps: float = 1e-5,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> _BatchNorm:
        """The layer in the other convention:  running <- decay running + (1 - decay) batch,  momentum = 1 - decay

        `decay` is what Keras and TensorFlow call momentum (there 0.99 by default, with eps=1e-3) and Caffe
        moving_average_fraction.   Raises ArgumentError unless 0 <= decay <= 1.
        """
        decay = number(f"{cls.__name__}.with_decay", "decay", decay, least=0, most=1)
        return cls(num_features, eps, 1 - decay, affine, track_running_stats)

    def forward(self, x: Tensor, *then: Module, residual: Tensor | None = None, relu: bool = False) -> Tensor:
        """then, residual, relu: a ReLU layer that follows, what is added to y, a ReLU at the end, in the same pass"""
        if x.ndim not in map(len, self.axes):
            allowed = " or ".join(f"({', '.join(axes)})".replace("C", str(self.num_features)) for axes in self.axes)
            raise ShapeError(type(self).__name__, f"input has shape {x.shape}; it must be {allowed}.")
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
        momentum = self.momentum if self.momentum is None else f"{self.momentum:g}"
        text = f"{self.num_features}, eps={self.eps}, momentum={momentum}"
        text += "" if self.weight is not None else ", affine=False"
        return text + ("" if self.running_mean is not None else ", track_running_stats=False")


class BatchNorm1d(_BatchNorm):
    """y = w (x - mean) / sqrt(var + eps) + b     for each feature of (N, C), or each channel of (N, C, L)

    In training mode mean and var (1/n) are the batch's, over N or (N, L); in evaluation mode the running ones.
    Those, momentum (and the other convention, `with_decay`), affine and track_running_stats are as in BatchNorm2d.
    Ioffe and Szegedy 2015, arXiv:1502.03167, Algorithms 1 and 2.
    """

    axes = ("NC", "NCL")


class BatchNorm2d(_BatchNorm):
    """y = w (x - mean) / sqrt(var + eps) + b     for each channel of (N, C, H, W), over (N, H, W)

    In training mode mean and var are the batch's (var with 1/n), and the running ones follow them:
        running <- (1 - momentum) running + momentum batch        (var with 1/(n-1) here, as in PyTorch)
    Elsewhere (Keras, TensorFlow, Caffe) momentum is the weight of the old value, 1 - momentum: see `with_decay`.
    momentum=None: running is the plain mean over all batches so far, momentum = 1/t at the t-th.
    In evaluation mode they are the running ones; without track_running_stats always the batch's.
    affine=False: without w and b.   Ioffe and Szegedy 2015, arXiv:1502.03167, Algorithms 1 and 2.
    """

    axes = ("NCHW",)
