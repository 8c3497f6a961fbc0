"""The history as a file: lines of JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..files import write_atomically
from .base import REPORTS, Callback

if TYPE_CHECKING:
    from ..trainer import Trainer


class WriteHistory(Callback):
    """Writes the history as JSON lines, one an epoch."""

    turn = REPORTS

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)

    def on_epoch_end(self, trainer: Trainer) -> None:
        # Written whole: after a resume it may hold an epoch that is now trained again.
        write_atomically(self.path, "".join(f"{json.dumps(record)}\n" for record in trainer.history))
