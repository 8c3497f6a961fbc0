"""The history as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..files import write_atomically
from .base import REPORTS, Callback

if TYPE_CHECKING:
    from ..trainer import Trainer


class WriteCSV(Callback):
    """Writes the history as comma-separated values: a line of names, and one an epoch.

    A column for every figure that any epoch has; the cell is empty for an epoch without it.
    """

    turn = REPORTS

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)

    def on_epoch_end(self, trainer: Trainer) -> None:
        columns = list(dict.fromkeys(figure for record in trainer.history for figure in record))
        text = io.StringIO()
        table = csv.DictWriter(text, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(trainer.history)
        write_atomically(self.path, text.getvalue())  # whole, as WriteHistory does
