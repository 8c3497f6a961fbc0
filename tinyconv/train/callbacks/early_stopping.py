"""Ending the training when it gets no better."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tinyconv.backend import Array, is_array
from tinyconv.errors import ArgumentError
from tinyconv.geometry import is_whole, whole
from tinyconv.ops.arguments import number

from .base import Callback, check_monitor, mode_of, monitored

if TYPE_CHECKING:
    from ..trainer import Trainer


class EarlyStopping(Callback):
    """Ends the fit when a figure of the history has not improved for `patience` epochs one after another.

        callbacks=[EarlyStopping(monitor="val_loss", patience=5, restore_best=True)]

    monitor    a key of the history's records; the smallest is best if it ends in "loss", the largest otherwise
    min_delta  an improvement is one by more than this
    restore_best  when the fit ends, by this or by its number of epochs, the model is what it was after its best epoch

    best, epoch  the best figure so far, and the epoch that it is of; None before there is one
    NaN is no improvement. Epochs without evaluation do not count.   Prechelt 1998, "Early stopping - but when?"
    """

    def __init__(
        self, monitor: str = "val_loss", patience: int = 5, min_delta: float = 0.0, restore_best: bool = False
    ):
        self.monitor = monitor
        self.patience = whole("EarlyStopping", "patience", patience, least=1)
        self.min_delta = number("EarlyStopping", "min_delta", min_delta, 0)
        self.restore_best = restore_best
        self.best: float | None = None
        self.epoch: int | None = None
        self.waited = 0  # epochs since then
        self.weights: dict[str, Array] = {}  # of that epoch, if they are to be restored

    def on_fit_begin(self, trainer: Trainer) -> None:
        check_monitor("EarlyStopping", trainer, self.monitor)
        if self.waited >= self.patience:  # it was over already when the checkpoint was saved
            trainer.stop = True

    def on_epoch_end(self, trainer: Trainer) -> None:
        value = monitored("EarlyStopping", trainer, self.monitor)
        if value is not None:
            self._look(trainer, value)
        if self.waited >= self.patience:
            trainer.stop = True
        if self.weights and (self.waited >= self.patience or trainer.epoch == trainer.epochs):
            with trainer.as_evaluated() as model:
                model.load_state_dict(self.weights)

    def _look(self, trainer: Trainer, value: float) -> None:
        sign = -1 if mode_of(self.monitor) == "min" else 1
        better = not math.isnan(value) if self.best is None else sign * (value - self.best) > self.min_delta
        if not better:
            self.waited += 1
            return
        self.best, self.epoch, self.waited = value, trainer.epoch, 0
        if self.restore_best:
            with trainer.as_evaluated() as model:
                self.weights = {path: tensor.data.copy() for path, tensor in model.state_dict().items()}

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "epoch": self.epoch, "waited": self.waited, "weights": dict(self.weights)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        weights = state.get("weights")
        if (
            not is_whole(state.get("waited"))
            or not isinstance(weights, dict)
            or not all(map(is_array, weights.values()))
        ):
            problem = "it needs 'best', 'epoch', 'waited' and 'weights', as state_dict() returns them."
            raise ArgumentError("EarlyStopping.load_state_dict", problem)
        self.best, self.epoch, self.waited = state["best"], state["epoch"], int(state["waited"])
        self.weights = dict(weights) if self.restore_best else {}
