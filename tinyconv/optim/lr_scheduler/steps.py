"""Rates that fall by a factor now and then, or at every step."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from tinyconv.geometry import whole
from tinyconv.ops.arguments import number
from tinyconv.optim.optimizer import Optimizer

from .base import LRScheduler, whole_numbers


class StepLR(LRScheduler):
    """lr = lr_0 * gamma^floor(t / step_size)"""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1):
        self.step_size = whole("StepLR", "step_size", step_size, least=1)
        self.gamma = number("StepLR", "gamma", gamma, 0)
        super().__init__(optimizer)

    def factor(self, t: int) -> float:
        return self.gamma ** (t // self.step_size)


class MultiStepLR(LRScheduler):
    """lr = lr_0 * gamma^(how many milestones are <= t)"""

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1):
        self.milestones = sorted(whole_numbers("MultiStepLR", "milestones", milestones))
        self.gamma = number("MultiStepLR", "gamma", gamma, 0)
        super().__init__(optimizer)

    def factor(self, t: int) -> float:
        return self.gamma ** bisect_right(self.milestones, t)


class ExponentialLR(LRScheduler):
    """lr = lr_0 * gamma^t"""

    def __init__(self, optimizer: Optimizer, gamma: float):
        self.gamma = number("ExponentialLR", "gamma", gamma, 0)
        super().__init__(optimizer)

    def factor(self, t: int) -> float:
        return self.gamma**t
