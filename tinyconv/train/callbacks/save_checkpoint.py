"""What is needed to take a training run up again, on the disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tinyconv.errors import ArgumentError

from ..checkpoint import save_checkpoint
from .base import SAVES, Callback

if TYPE_CHECKING:
    from ..trainer import Trainer


class SaveCheckpoint(Callback):
    """Writes everything needed to resume: after every epoch, every `every` batches in between, and on a stop.

    Not after an error: then the file is still the one of before, when all was well.
    """

    turn = SAVES

    def __init__(self, path: str | os.PathLike, every: int = 500):
        if every < 1:
            raise ArgumentError("SaveCheckpoint", f"every is {every}; it must be at least 1.")
        self.path, self.every = Path(path), every

    def is_due(self, trainer: Trainer) -> bool:
        """Is it time to save after this batch?"""
        return trainer.step % self.every == 0

    def on_batch_end(self, trainer: Trainer) -> None:
        if self.is_due(trainer):
            save_checkpoint(self.path, trainer.state_dict())

    def on_epoch_end(self, trainer: Trainer) -> None:
        save_checkpoint(self.path, trainer.state_dict())

    def on_stop(self, trainer: Trainer) -> None:
        save_checkpoint(self.path, trainer.state_dict())
