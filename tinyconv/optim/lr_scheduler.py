"""Learning-rate schedules: functions of the number of steps t taken so far, times each group's first rate."""

from __future__ import annotations

import math
from typing import Any

from tinyconv.errors import ArgumentError
from tinyconv.geometry import is_whole, whole

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
        raise NotImplementedError(f"{type(self).__name__} does not define factor()")

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
        """Where it is; what it was made with (`total`, `gamma`, ...) is not part of it."""
        return {"t": self.t, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where `state_dict` was taken. Nothing changes unless it fits."""
        t, lrs = state.get("t"), state.get("base_lrs")
        if not is_whole(t) or not isinstance(lrs, list) or len(lrs) != len(self.base_lrs):
            own = len(self.base_lrs)
            problem = f"it needs the step 't' and {own} 'base_lrs', as state_dict() returns them; got {state}."
            raise ArgumentError(f"{type(self).__name__}.load_state_dict", problem)
        self.t, self.base_lrs = int(state["t"]), list(lrs)
        self._apply()


class StepLR(LRScheduler):
    """lr = lr_0 * gamma^floor(t / step_size)"""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1):
        self.step_size = whole("StepLR", "step_size", step_size, least=1)
        if not 0 <= gamma < math.inf:
            raise ArgumentError("StepLR", f"gamma is {gamma}; it must be a finite number of at least 0.")
        self.gamma = gamma
        super().__init__(optimizer)

    def factor(self, t: int) -> float:
        return self.gamma ** (t // self.step_size)


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
