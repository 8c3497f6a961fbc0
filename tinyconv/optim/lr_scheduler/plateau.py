"""A rate that falls when learning has stopped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.geometry import is_whole, whole
from tinyconv.ops.arguments import number
from tinyconv.optim.optimizer import Optimizer
from tinyconv.tensor import Tensor

from .base import one_each


class ReduceLROnPlateau:
    """lr <- max(lr * factor, min_lr)  when a metric has not improved for more than `patience` steps

        scheduler.step(val_loss)                     after each epoch

    mode       "min": smaller is better (a loss); "max": larger is (an accuracy)
    threshold  what counts as better than the best: threshold_mode "rel" by this share of it, "abs" by this much
    cooldown   so many steps after a reduction before steps without improvement are counted again
    min_lr     for all groups, or a list;  eps: a reduction by no more than this is left out

    A metric that is NaN is no improvement. PyTorch's meaning and defaults.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
    ):
        name = "ReduceLROnPlateau"
        if mode not in ("min", "max"):
            raise UnknownNameError(name, "mode", mode, ("min", "max"))
        if threshold_mode not in ("rel", "abs"):
            raise UnknownNameError(name, "threshold_mode", threshold_mode, ("rel", "abs"))
        self.factor = number(name, "factor", factor, 0)
        if factor >= 1:
            raise ArgumentError(name, f"factor is {factor}; it must be less than 1, or the rate would not fall.")
        self.mode, self.threshold_mode = mode, threshold_mode
        self.threshold = number(name, "threshold", threshold, 0)
        self.patience = whole(name, "patience", patience, least=0)
        self.cooldown = whole(name, "cooldown", cooldown, least=0)
        self.min_lrs = one_each(name, "min_lr", min_lr, optimizer)
        self.eps = number(name, "eps", eps, 0)
        self.optimizer = optimizer
        self.t = 0
        self.best: float | None = None
        self.bad_steps = 0
        self.cooldown_left = 0

    def step(self, metrics: float | Tensor) -> None:
        """Look at the metric; reduce the rates if it has stood still for long enough."""
        if not isinstance(metrics, (Real, Tensor)):
            problem = f"metrics is {type(metrics).__name__}; it must be a number, such as the loss of this epoch."
            raise ArgumentError("ReduceLROnPlateau.step", problem)
        value = float(metrics)
        self.t += 1
        if self._is_better(value):
            self.best, self.bad_steps = value, 0
        else:
            self.bad_steps += 1
        if self.cooldown_left > 0:
            self.cooldown_left -= 1
            self.bad_steps = 0
        if self.bad_steps > self.patience:
            self._reduce()
            self.cooldown_left, self.bad_steps = self.cooldown, 0

    def _is_better(self, value: float) -> bool:
        if self.best is None:
            return math.isfinite(value)
        margin = self.threshold * (self.best if self.threshold_mode == "rel" else 1)
        return value < self.best - margin if self.mode == "min" else value > self.best + margin

    def _reduce(self) -> None:
        for group, least in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
            lr = max(group["lr"] * self.factor, least)
            if group["lr"] - lr > self.eps:
                group["lr"] = lr

    def get_last_lr(self) -> list[float]:
        """The rate of each group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Where it is, with the rates; what it was made with (`factor`, `patience`, ...) is not part of it."""
        counts = {"t": self.t, "bad_steps": self.bad_steps, "cooldown_left": self.cooldown_left}
        return {**counts, "best": self.best, "lrs": self.get_last_lr()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where `state_dict` was taken. Nothing changes unless it fits."""
        groups, lrs, best = self.optimizer.param_groups, state.get("lrs"), state.get("best")
        counts = [state.get(key) for key in ("t", "bad_steps", "cooldown_left")]
        fits = all(map(is_whole, counts)) and (best is None or isinstance(best, Real))
        if not fits or not isinstance(lrs, list) or len(lrs) != len(groups):
            problem = f"it needs 't', 'bad_steps', 'cooldown_left', 'best' and {len(groups)} 'lrs'; got {state}."
            raise ArgumentError("ReduceLROnPlateau.load_state_dict", problem)
        self.t, self.bad_steps, self.cooldown_left = (int(count) for count in counts if count is not None)
        self.best = best
        for group, lr in zip(groups, lrs, strict=True):
            group["lr"] = lr
