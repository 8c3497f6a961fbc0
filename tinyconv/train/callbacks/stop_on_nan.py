"""Ending a training run that diverged."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tinyconv.backend import array_module
from tinyconv.errors import ArgumentError

from .base import Callback
from .save_checkpoint import SaveCheckpoint

if TYPE_CHECKING:
    from ..trainer import Trainer


class StopOnNaN(Callback):
    """Ends the fit with an error as soon as the loss is not finite: later batches cannot mend it.

    Before SaveCheckpoint and SaveWeights save, it looks at the weights too, so that what is on the disk is sound.
    Of a net on a GPU the losses come over by the dozen, and so does the end.
    `with tinyconv.detect_anomaly():` around the fit finds the operation that was the first to fail, but slowly.
    """

    def on_batch_end(self, trainer: Trainer) -> None:
        if saved_now := _is_saved_now(trainer):
            trainer.running.fetch()
        loss = trainer.running.figures.get("loss", (0.0, 0))[0]  # of no batch yet, where they come from a GPU
        path = weight_not_finite(trainer) if math.isfinite(loss) and saved_now else None
        if math.isfinite(loss) and path is None:
            return
        what = f"the weight {path}" if math.isfinite(loss) else "the loss"
        state = "not finite" if math.isfinite(loss) else loss
        lr = trainer.optimizer.param_groups[0]["lr"]
        raise ArgumentError(
            "fit",
            f"{what} is {state} in epoch {trainer.epoch + 1}, step {trainer.step}: "
            f"training diverged. Lower the learning rate, which is {lr:g}.",
        )


def _is_saved_now(trainer: Trainer) -> bool:
    """Looking at all weights takes time; of those in between the next loss tells."""
    at_an_end = trainer.stop or trainer.step == len(trainer.loader)
    return at_an_end or any(isinstance(c, SaveCheckpoint) and c.is_due(trainer) for c in trainer.callbacks)


def weight_not_finite(trainer: Trainer) -> str | None:
    """The path of the model's first parameter with a NaN or infinity in it."""
    for path, p in trainer.model.named_parameters():
        xp = array_module(p.data)
        with np.errstate(over="ignore", invalid="ignore"):
            # The sum is finite only if all are, and takes one pass; where it is not, they are looked at one by one.
            if not xp.isfinite(p.data.sum()) and not xp.isfinite(p.data).all():
                return path
    return None
