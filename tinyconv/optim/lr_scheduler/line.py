"""Rates along a straight line, or a power of one."""

from __future__ import annotations

from tinyconv.errors import ArgumentError
from tinyconv.geometry import whole
from tinyconv.ops.arguments import number
from tinyconv.optim.optimizer import Optimizer

from .base import LRScheduler


class LinearLR(LRScheduler):
    """lr = lr_0 (start_factor + (end_factor - start_factor) min(t / total_iters, 1))

    As it stands, a warm-up. Before any other schedule, with `SequentialLR`:

        warmup = LinearLR(optimizer, start_factor=0.01, total_iters=500)
        SequentialLR(optimizer, [warmup, CosineAnnealingLR(optimizer, 9500)], milestones=[500])

    Goyal et al. 2017, arXiv:1706.02677, section 2.2.
    """

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ):
        self.start_factor = number("LinearLR", "start_factor", start_factor, 0, 1)
        if start_factor == 0:
            raise ArgumentError("LinearLR", "start_factor is 0; it must be above 0, for the first step counts too.")
        self.end_factor = number("LinearLR", "end_factor", end_factor, 0, 1)
        self.total_iters = whole("LinearLR", "total_iters", total_iters, least=1)
        super().__init__(optimizer)

    def factor(self, t: int) -> float:
        return self.start_factor + (self.end_factor - self.start_factor) * min(t / self.total_iters, 1.0)


class PolynomialLR(LRScheduler):
    """lr = lr_0 (1 - min(t / total_iters, 1))^power"""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0):
        self.total_iters = whole("PolynomialLR", "total_iters", total_iters, least=1)
        self.power = number("PolynomialLR", "power", power, 0)
        super().__init__(optimizer)

    def factor(self, t: int) -> float:
        return (1 - min(t / self.total_iters, 1.0)) ** self.power
