"""Callbacks: what else happens while a model trains."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tinyconv.errors import ArgumentError

from .checkpoint import save_checkpoint, save_weights
from .files import write_atomically
from .progress import Progress

if TYPE_CHECKING:
    from .trainer import Trainer


class Callback:
    """Base of all callbacks: override what you need. Each method is given the Trainer."""

    def on_fit_begin(self, trainer: Trainer) -> None: ...

    def on_fit_end(self, trainer: Trainer) -> None: ...

    def on_epoch_begin(self, trainer: Trainer) -> None: ...

    def on_epoch_end(self, trainer: Trainer) -> None: ...

    def on_batch_end(self, trainer: Trainer) -> None: ...


class ShowProgress(Callback):
    """A progress bar on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        self.progress = Progress()

    def on_fit_begin(self, trainer: Trainer) -> None:
        steps = len(trainer.loader)
        self.progress.start(trainer.epochs, steps, done=trainer.epoch * steps + trainer.step)

    def on_batch_end(self, trainer: Trainer) -> None:
        now, lr = trainer.running, trainer.optimizer.param_groups[0]["lr"]
        self.progress.update(trainer.epoch + 1, trainer.step, now.images_per_second, now.loss, now.accuracy, lr)

    def on_epoch_end(self, trainer: Trainer) -> None:
        self.progress.epoch_done(trainer.history[-1])

    def on_fit_end(self, trainer: Trainer) -> None:
        self.progress.close()


class WriteHistory(Callback):
    """Writes the history as JSON lines, one an epoch."""

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)

    def on_epoch_end(self, trainer: Trainer) -> None:
        # Written whole: after a resume it may hold an epoch that is now trained again.
        write_atomically(self.path, "".join(f"{json.dumps(record)}\n" for record in trainer.history))


class SaveWeights(Callback):
    """Writes last.safetensors after every epoch, and best.safetensors when `monitor` is the best so far.

    monitor  a key of the history's records; the smallest is best if it ends in "loss", the largest otherwise
    """

    def __init__(self, folder: str | os.PathLike, monitor: str = "val_accuracy"):
        self.folder, self.monitor = Path(folder), monitor

    def on_epoch_end(self, trainer: Trainer) -> None:
        sign = -1 if self.monitor.endswith("loss") else 1
        values = [sign * record.get(self.monitor, math.nan) for record in trainer.history]
        save_weights(self.folder / "last.safetensors", trainer.model, {"epoch": str(trainer.epoch)})
        if not any(earlier >= values[-1] for earlier in values[:-1]):
            save_weights(self.folder / "best.safetensors", trainer.model, {"epoch": str(trainer.epoch)})


class SaveCheckpoint(Callback):
    """Writes everything needed to resume: after every epoch, and every `every` batches in between."""

    def __init__(self, path: str | os.PathLike, every: int = 500):
        if every < 1:
            raise ArgumentError("SaveCheckpoint", f"every is {every}; it must be at least 1.")
        self.path, self.every = Path(path), every

    def on_batch_end(self, trainer: Trainer) -> None:
        if trainer.step % self.every == 0:
            save_checkpoint(self.path, trainer.state_dict())

    def on_epoch_end(self, trainer: Trainer) -> None:
        save_checkpoint(self.path, trainer.state_dict())


class StopOnNaN(Callback):
    """Ends the fit with an error as soon as the loss is not a number: later batches cannot mend it."""

    def on_batch_end(self, trainer: Trainer) -> None:
        if not math.isfinite(trainer.running.loss):
            lr = trainer.optimizer.param_groups[0]["lr"]
            raise ArgumentError(
                "fit",
                f"the loss is {trainer.running.loss} in epoch {trainer.epoch + 1}, step {trainer.step}: "
                f"training diverged. Lower the learning rate, which is {lr:g}.",
            )
