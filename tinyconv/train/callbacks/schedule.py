"""Learning-rate schedules that count epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinyconv.errors import ArgumentError
from tinyconv.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from .base import Callback

if TYPE_CHECKING:
    from ..trainer import Trainer


class ScheduleEachEpoch(Callback):
    """Steps a schedule after every epoch; Trainer(scheduler=...) steps one after every batch.

    callbacks=[ScheduleEachEpoch(StepLR(optimizer, step_size=30, gamma=0.1))]
    """

    def __init__(self, scheduler: LRScheduler):
        if isinstance(scheduler, ReduceLROnPlateau):
            raise ArgumentError("ScheduleEachEpoch", "ReduceLROnPlateau needs a figure to watch; use ReduceOnPlateau.")
        if not isinstance(scheduler, LRScheduler):
            kind = type(scheduler).__name__
            raise ArgumentError("ScheduleEachEpoch", f"scheduler is a {kind}; make one such as StepLR(optimizer, 30).")
        self.scheduler = scheduler

    def on_epoch_end(self, trainer: Trainer) -> None:
        self.scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        return self.scheduler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.scheduler.load_state_dict(state)
