"""Curves that grow while a model trains, in a notebook."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tinyconv.notebook.histories import html

from .base import SHOWS, Callback

if TYPE_CHECKING:
    from ..trainer import Trainer

EVERY = 1.0  # seconds between two drawings within an epoch, at least


class LivePlot(Callback):
    """Loss and accuracy as curves in a notebook's output, and where the training is; elsewhere nothing.

        fit(net, loader, 10, optimizer, val_loader=held_out, callbacks=[LivePlot()])

    The curves end in the means over the present epoch's batches so far. Drawing takes place once a second at most,
    and never ends a training run: what cannot be shown is left out.
    """

    turn = SHOWS

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self._output: Any = None
        self._next = 0.0

    def on_fit_begin(self, trainer: Trainer) -> None:
        self._output = None
        if in_notebook():
            with suppress(Exception):
                show = import_module("IPython.display")
                self._output = show.display(show.HTML(self._html(trainer, "begins")), display_id=True)
        self._next = self.clock() + EVERY

    def on_batch_end(self, trainer: Trainer) -> None:
        if self._output is None or self.clock() < self._next:
            return
        now, steps = trainer.running, len(trainer.loader)
        if not now.figures:  # of the first batch, on a GPU
            now.fetch()
        running = {"epoch": trainer.epoch + trainer.step / steps, "loss": now.loss}
        running |= {} if math.isnan(now.accuracy) else {"accuracy": now.accuracy}
        said = [f"epoch {trainer.epoch + 1}/{trainer.epochs}", f"step {trainer.step}/{steps}", f"loss {now.loss:.4f}"]
        said += [] if math.isnan(now.accuracy) else [f"accuracy {now.accuracy:.2%}"]
        self._draw(trainer, ", ".join([*said, f"{now.images_per_second:,.0f} images/s"]), running)
        self._next = self.clock() + EVERY

    def on_epoch_end(self, trainer: Trainer) -> None:
        self._draw(trainer, f"epoch {trainer.epoch}/{trainer.epochs} is complete")

    def on_fit_end(self, trainer: Trainer) -> None:
        early = f"ended in epoch {trainer.epoch + 1}" if trainer.step else f"ended after epoch {trainer.epoch}"
        self._draw(trainer, "" if trainer.epoch >= trainer.epochs else early)
        self._output = None

    def _draw(self, trainer: Trainer, note: str, running: Mapping[str, Any] | None = None) -> None:
        if self._output is not None:
            with suppress(Exception):  # the page is closed, the kernel's connection lost
                HTML = import_module("IPython.display").HTML
                self._output.update(HTML(self._html(trainer, note, running)))

    def _html(self, trainer: Trainer, note: str, running: Mapping[str, Any] | None = None) -> str:
        return html(trainer.history, trainer.epochs, note, running)


def in_notebook() -> bool:
    """Does this run in a kernel behind a notebook, rather than in a terminal? (Asking does not import IPython.)"""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return hasattr(shell, "kernel")
