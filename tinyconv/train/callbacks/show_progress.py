"""Showing how far a training run is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..progress import Progress
from .base import SHOWS, Callback

if TYPE_CHECKING:
    from ..trainer import Trainer


class ShowProgress(Callback):
    """A progress bar on a terminal, plain lines elsewhere."""

    turn = SHOWS

    def __init__(self) -> None:
        self.progress = Progress()

    def on_fit_begin(self, trainer: Trainer) -> None:
        steps = len(trainer.loader)
        self.progress.start(trainer.epochs, steps, done=trainer.epoch * steps + trainer.step)

    def on_batch_end(self, trainer: Trainer) -> None:
        now, lr = trainer.running, trainer.optimizer.param_groups[0]["lr"]
        if not now.figures:  # of the first batch, on a GPU
            now.fetch()
        self.progress.update(trainer.epoch + 1, trainer.step, now.images_per_second, now.loss, now.accuracy, lr)

    def on_epoch_end(self, trainer: Trainer) -> None:
        self.progress.epoch_done(trainer.history[-1])

    def on_fit_end(self, trainer: Trainer) -> None:
        self.progress.close()
