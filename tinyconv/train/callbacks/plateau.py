"""Lowering the learning rate when the training stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinyconv.optim import Optimizer
from tinyconv.optim.lr_scheduler import ReduceLROnPlateau

from .base import Callback, check_monitor, mode_of, monitored

if TYPE_CHECKING:
    from ..trainer import Trainer


class ReduceOnPlateau(Callback):
    """Lowers the learning rate when a figure of the history has stood still: optim's ReduceLROnPlateau.

        callbacks=[ReduceOnPlateau(optimizer, monitor="val_loss", factor=0.5, patience=5)]

    monitor  a key of the history's records; the smallest is best if it ends in "loss", the largest otherwise
    options  those of ReduceLROnPlateau: factor, patience, min_lr, threshold, cooldown, ...
    Epochs without evaluation do not count. Raises UnknownNameError at the end of an epoch that has no such figure.
    """

    def __init__(self, optimizer: Optimizer, monitor: str = "val_loss", **options: Any):
        self.monitor = monitor
        self.scheduler = ReduceLROnPlateau(optimizer, mode=mode_of(monitor), **options)

    def on_fit_begin(self, trainer: Trainer) -> None:
        check_monitor("ReduceOnPlateau", trainer, self.monitor)

    def on_epoch_end(self, trainer: Trainer) -> None:
        value = monitored("ReduceOnPlateau", trainer, self.monitor)
        if value is not None:
            self.scheduler.step(value)

    def state_dict(self) -> dict[str, Any]:
        return self.scheduler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.scheduler.load_state_dict(state)
