"""Ctrl-C: ending between two batches, so that nothing is lost."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .base import Callback

if TYPE_CHECKING:
    from ..trainer import Trainer

MESSAGE = b"\nCtrl-C: ending after this batch. Once more ends at once, and loses what came after the last checkpoint.\n"


class StopOnInterrupt(Callback):
    """At Ctrl-C the batch at hand is finished, SaveCheckpoint saves, and fit raises KeyboardInterrupt.

    Raised at any moment, as usual, it might find the weights half changed by a step. A second Ctrl-C is raised at
    once; nothing is saved then, and the file of the last checkpoint is whole.
    It works in the main thread, the only one that signals reach; elsewhere, and where Ctrl-C is ignored (as for a
    job in the background), it does nothing.
    """

    def __init__(self) -> None:
        self.interrupted = False
        self._before: Any = None

    def on_fit_begin(self, trainer: Trainer) -> None:
        self.interrupted, self._before = False, None
        before = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or not callable(before):
            return

        def handle(number: int, frame: Any) -> None:
            if self.interrupted:
                before(number, frame)
                return
            self.interrupted = trainer.stop = True
            with suppress(OSError):
                os.write(2, MESSAGE)  # not print: the signal may have come in the middle of one

        self._before = before
        signal.signal(signal.SIGINT, handle)

    def on_fit_end(self, trainer: Trainer) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if self.interrupted:
            raise KeyboardInterrupt
