"""Learning-rate schedules: functions of the number of steps t taken so far, times each group's first rate."""

from __future__ import annotations

import math
from typing import Any

from tinyconv.errors import ArgumentError

from .optimizer import Optimizer


class LRScheduler:
    """Base of all schedules. A subclass defines `factor(t)`:  lr = lr_0 * factor(t).

    `step()` comes after `optimizer.step()`, once for whatever t counts: epochs, or batches.
    """

    def __init__(self, optimizer: Optimizer):
        self.optimizer = optimizer
        self.base_lrs = [group["lr"] for group in optimizer.param_groups]
        self.t = 0
        self._apply()

    def factor(self, t: int) -> float:
        raise NotImplementedError

    def step(self) -> None:
        self.t += 1
        self._apply()

    def get_last_lr(self) -> list[float]:
        """The rate of each group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def _apply(self) -> None:
        for group, lr in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = lr * self.factor(self.t)

    def state_dict(self) -> dict[str, Any]:
        return {"t": self.t, "base_lrs": self.base_lrs}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.t, self.base_lrs = state["t"], state["base_lrs"]
        self._apply()


class ConstantLR(LRScheduler):
    """lr = lr_0"""

    def factor(self, t: int) -> float:
        return 1.0


class StepLR(LRScheduler):
    """lr = lr_0 * gamma^floor(t / step_size)"""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1):
        if step_size < 1:
            raise ArgumentError("StepLR", f"step_size is {step_size}; it must be at least 1.")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def factor(self, t: int) -> float:
        return self.gamma ** (t // self.step_size)


class CosineLR(LRScheduler):
    """A linear rise over `warmup` steps, then half a cosine down to 0 at t = total.

        lr = lr_0 (t + 1) / warmup                                              for t < warmup
        lr = lr_0 (1 + cos(pi (t - warmup) / (total - warmup))) / 2             afterwards

    Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5 (one cycle); the warm-up: Goyal et al. 2017, arXiv:1706.02677.
    """

    def __init__(self, optimizer: Optimizer, total: int, warmup: int = 0):
        if not 0 <= warmup < total:
            raise ArgumentError("CosineLR", f"total is {total}, warmup {warmup}; 0 <= warmup < total must hold.")
        self.total, self.warmup = total, warmup
        super().__init__(optimizer)

    def factor(self, t: int) -> float:
        if t < self.warmup:
            return (t + 1) / self.warmup
        progress = min(1.0, (t - self.warmup) / (self.total - self.warmup))
        return (1 + math.cos(math.pi * progress)) / 2
