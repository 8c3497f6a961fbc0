"""The base of all callbacks, and what those share that watch one figure of the history."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tinyconv.errors import ArgumentError, UnknownNameError

if TYPE_CHECKING:
    from tinyconv.tensor import Tensor

    from ..trainer import Trainer

CHANGES, REPORTS, SAVES, SHOWS = range(4)  # turns


class Callback:
    """Base of all callbacks: override what you need. Each method is given the Trainer.

    on_batch_begin also gets the images and labels, as they come from the loader. on_stop comes if the fit ends before
    its time, always between two batches; on_fit_end comes also after an error, to clean up, last for the callback that
    was first to begin. as_evaluated is a block in which the model is evaluated and saved.

    turn  callbacks are told in the order of their turns, those with the same turn in that of the list: first those
          that change how training goes on (0), then reports and weights (1), the checkpoint (2), the display (3)
    One that has a memory gives it to the checkpoint by `state_dict`, and takes it back by `load_state_dict`.
    """

    turn = CHANGES

    def on_fit_begin(self, trainer: Trainer) -> None: ...

    def on_fit_end(self, trainer: Trainer) -> None: ...

    def on_stop(self, trainer: Trainer) -> None: ...

    def on_epoch_begin(self, trainer: Trainer) -> None: ...

    def on_epoch_end(self, trainer: Trainer) -> None: ...

    def on_batch_begin(self, trainer: Trainer, images: Tensor, labels: Any) -> None: ...

    def on_batch_end(self, trainer: Trainer) -> None: ...

    @contextmanager
    def as_evaluated(self, trainer: Trainer) -> Iterator[None]:
        yield

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


def mode_of(monitor: str) -> str:
    """ "min" if the smallest figure of that name is best, as of a loss; "max" otherwise"""
    return "min" if monitor.endswith("loss") else "max"


def check_monitor(name: str, trainer: Trainer, monitor: str) -> None:
    """Refuse at the beginning what cannot be there at the end of an epoch."""
    if monitor.startswith("val_") and trainer.val_loader is None:
        problem = f"monitor is {monitor!r}, but there is no val_loader to evaluate on. Give one, or monitor"
        raise ArgumentError(name, f"{problem} {monitor.removeprefix('val_')!r}.")


def monitored(name: str, trainer: Trainer, monitor: str) -> float | None:
    """The figure of the epoch that has just ended; None if it is one of the evaluation, which was left out."""
    record = trainer.history[-1]
    if monitor in record:
        return record[monitor]
    if monitor.startswith("val_") and not any(figure.startswith("val_") for figure in record):
        return None
    raise UnknownNameError(name, "figure", monitor, record)
