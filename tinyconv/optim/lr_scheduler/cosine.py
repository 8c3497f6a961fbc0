"""Rates along a cosine."""

from __future__ import annotations

import math

from tinyconv.errors import ArgumentError
from tinyconv.geometry import whole
from tinyconv.ops.arguments import number
from tinyconv.optim.optimizer import Optimizer

from .base import LRScheduler


class CosineLR(LRScheduler):
    """A linear rise over `warmup` steps, then half a cosine down to 0 at t = total.

        lr = lr_0 (t + 1) / warmup                                              for t < warmup
        lr = lr_0 (1 + cos(pi (t - warmup) / (total - warmup))) / 2             afterwards

    Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5 (one cycle).
    The warm-up: Goyal et al. 2017, arXiv:1706.02677, section 2.2.
    """

    def __init__(self, optimizer: Optimizer, total: int, warmup: int = 0):
        self.total = whole("CosineLR", "total", total, least=1)
        self.warmup = whole("CosineLR", "warmup", warmup, least=0)
        if warmup >= total:
            problem = f"total is {total}, warmup {warmup}; the warm-up must be shorter."
            raise ArgumentError("CosineLR", problem)
        super().__init__(optimizer)

    def factor(self, t: int) -> float:
        if t < self.warmup:
            return (t + 1) / self.warmup
        progress = min(1.0, (t - self.warmup) / (self.total - self.warmup))
        return (1 + math.cos(math.pi * progress)) / 2


class CosineAnnealingLR(LRScheduler):
    """lr = eta_min + (lr_0 - eta_min) (1 + cos(pi t / T_max)) / 2

    Half a cosine, down to eta_min at t = T_max; going on, it rises again (`CosineLR` stays down).
    Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0):
        self.T_max = whole("CosineAnnealingLR", "T_max", T_max, least=1)
        self.eta_min = number("CosineAnnealingLR", "eta_min", eta_min, 0)
        super().__init__(optimizer)

    def rates(self, t: int) -> list[float]:
        return [_between(lr, self.eta_min, t / self.T_max) for lr in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """lr = eta_min + (lr_0 - eta_min) (1 + cos(pi u / T)) / 2,  u the steps since the last restart

    The first cycle takes T = T_0 steps, each further one T_mult times as many as the one before.
    Loshchilov and Hutter 2017, arXiv:1608.03983, section 3 (SGDR).
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0):
        name = "CosineAnnealingWarmRestarts"
        self.T_0 = whole(name, "T_0", T_0, least=1)
        self.T_mult = whole(name, "T_mult", T_mult, least=1)
        self.eta_min = number(name, "eta_min", eta_min, 0)
        super().__init__(optimizer)

    def rates(self, t: int) -> list[float]:
        u, T = (t % self.T_0, self.T_0) if self.T_mult == 1 else (t, self.T_0)
        while u >= T:
            u, T = u - T, T * self.T_mult
        return [_between(lr, self.eta_min, u / T) for lr in self.base_lrs]


def _between(start: float, end: float, progress: float) -> float:
    """From start (progress 0) to end (1) along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2
