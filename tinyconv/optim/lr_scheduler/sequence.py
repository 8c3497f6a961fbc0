"""One schedule after the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from tinyconv.errors import ArgumentError
from tinyconv.optim.optimizer import Optimizer

from .base import LRScheduler, whole_numbers


class SequentialLR(LRScheduler):
    """schedulers[i] from t = milestones[i-1] on, where its own t begins at 0; the first from the start

    SequentialLR(optimizer, [LinearLR(optimizer, 0.01, total_iters=500), StepLR(optimizer, 3000)], [500])
    """

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int]):
        name = "SequentialLR"
        self.schedulers = list(schedulers)
        self.milestones = whole_numbers(name, "milestones", milestones)
        if self.milestones != sorted(set(self.milestones)):
            raise ArgumentError(name, f"milestones is {self.milestones}; each must be above the one before it.")
        if len(self.schedulers) != len(self.milestones) + 1:
            n, needed = len(self.schedulers), len(self.milestones) + 1
            raise ArgumentError(name, f"{len(self.milestones)} milestones need {needed} schedulers, not {n}.")
        for scheduler in self.schedulers:
            if not isinstance(scheduler, LRScheduler):
                problem = f"schedulers holds {type(scheduler).__name__}; each must be a schedule of t alone."
                raise ArgumentError(name, problem)
            if scheduler.optimizer is not optimizer:
                raise ArgumentError(name, f"its {type(scheduler).__name__} is of another optimizer.")
        super().__init__(optimizer)

    def _at(self, t: int) -> tuple[LRScheduler, int]:
        """Whose turn it is at step t, and its own t then."""
        i = bisect_right(self.milestones, t)
        return self.schedulers[i], t - [0, *self.milestones][i]

    def rates(self, t: int) -> list[float]:
        scheduler, own_t = self._at(t)
        return scheduler.rates(own_t)

    def _apply(self) -> None:
        scheduler, own_t = self._at(self.t)
        scheduler.t = own_t
        scheduler._apply()  # it may change more than rates

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "schedulers": [scheduler.state_dict() for scheduler in self.schedulers]}

    def check_state(self, state: dict[str, Any]) -> None:
        super().check_state(state)
        states = state.get("schedulers")
        if not isinstance(states, list) or len(states) != len(self.schedulers):
            problem = f"it needs the states of {len(self.schedulers)} 'schedulers', as state_dict() returns them."
            raise ArgumentError("SequentialLR.load_state_dict", problem)
        for scheduler, own in zip(self.schedulers, states, strict=True):
            scheduler.check_state(own)

    def _load(self, state: dict[str, Any]) -> None:
        super()._load(state)
        for scheduler, own in zip(self.schedulers, state["schedulers"], strict=True):
            scheduler._load(own)
