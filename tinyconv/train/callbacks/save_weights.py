"""Weights on the disk: the last, the best, and those of every n-th epoch."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tinyconv.geometry import whole

from ..checkpoint import save_weights
from .base import REPORTS, Callback, check_monitor, mode_of, monitored

if TYPE_CHECKING:
    from ..trainer import Trainer


class SaveWeights(Callback):
    """Writes last.safetensors after every epoch, and best.safetensors when `monitor` is the best so far.

    monitor  a key of the history's records; the smallest is best if it ends in "loss", the largest otherwise
    every    also epoch-010.safetensors, epoch-020.safetensors, ... after every so many epochs (here 10)
    They are the weights that are evaluated: the averaged ones, with AverageWeights. NaN is never the best.
    """

    turn = REPORTS

    def __init__(self, folder: str | os.PathLike, monitor: str = "val_accuracy", every: int | None = None):
        self.folder, self.monitor = Path(folder), monitor
        self.every = None if every is None else whole("SaveWeights", "every", every, least=1)

    def on_fit_begin(self, trainer: Trainer) -> None:
        check_monitor("SaveWeights", trainer, self.monitor)

    def on_epoch_end(self, trainer: Trainer) -> None:
        names = ["last"]
        if monitored("SaveWeights", trainer, self.monitor) is not None and self._is_best(trainer):
            names.append("best")
        if self.every is not None and trainer.epoch % self.every == 0:
            names.append(f"epoch-{trainer.epoch:03}")
        with trainer.as_evaluated() as model:
            for name in names:
                save_weights(self.folder / f"{name}.safetensors", model, {"epoch": str(trainer.epoch)})

    def _is_best(self, trainer: Trainer) -> bool:
        """Is the last record better than all before it? They are all in the history, so this needs no memory."""
        sign = -1 if mode_of(self.monitor) == "min" else 1
        *earlier, now = (sign * record.get(self.monitor, math.nan) for record in trainer.history)
        return not math.isnan(now) and not any(value >= now for value in earlier)
