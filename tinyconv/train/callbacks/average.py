"""Averaging the weights over the training, which generalises better than the last ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real
from typing import TYPE_CHECKING, Any

from tinyconv import random
from tinyconv.backend import Array
from tinyconv.errors import ArgumentError
from tinyconv.geometry import whole
from tinyconv.nn import Module
from tinyconv.optim import EMA
from tinyconv.tape import no_grad
from tinyconv.tensor import Tensor

from ..update_bn import norms_of, update_bn
from .base import Callback

if TYPE_CHECKING:
    from ..trainer import Trainer

MEAN = "mean"


class AverageWeights(Callback):
    """Evaluates and saves the average of the weights, and goes on training with the weights themselves.

        callbacks=[AverageWeights(model, decay=0.999)]  or  [AverageWeights(model, "mean", start=15)]

    decay  after each batch  e <- d e + (1 - d) w,  d = min(decay, t/(t + 9)) after t of them, so that the early
           weights are soon forgotten; batch norm keeps its running statistics, which are such averages themselves.
           "mean": the plain mean of the weights at the end of each epoch (stochastic weight averaging), for a rate
           that stays large; batch norm's statistics are found anew for it, by one pass through the training set
    start  the first epoch whose weights count, from 1; before it, the model is evaluated as it is

    After the fit:  with trainer.as_evaluated() as model: ...      Raises ArgumentError.
    Szegedy et al. 2016, arXiv:1512.00567, section 8; Izmailov et al. 2018, arXiv:1803.05407, Algorithm 1
    """

    def __init__(self, model: Module, decay: float | str = 0.999, start: int = 1):
        if decay != MEAN and not (isinstance(decay, Real) and 0 <= float(decay) < 1):
            raise ArgumentError("AverageWeights", f'decay is {decay!r}; it must be at least 0 and below 1, or "mean".')
        self.decay, self.start = decay, whole("AverageWeights", "start", start, least=1)
        self.ema = EMA(model)
        self._statistics: list[Array] = []  # batch norm's, for the mean as it is now; empty if not yet found

    def on_batch_end(self, trainer: Trainer) -> None:
        t = self.ema.t
        if trainer.epoch + 1 < self.start or (self.decay == MEAN and trainer.step < len(trainer.loader)):
            return
        self.ema.decay = t / (t + 1) if self.decay == MEAN else min(float(self.decay), t / (t + 9))
        self.ema.update()
        self._statistics = []

    @contextmanager
    def as_evaluated(self, trainer: Trainer) -> Iterator[None]:
        if self.ema.t == 0:
            yield
            return
        with self.ema.applied() as model:
            if self.decay != MEAN:
                yield
                return
            buffers = [buffer for norm in norms_of(model) for buffer in norm.buffers()]
            own = _copies(buffers)
            try:
                if self._statistics:
                    _fill(buffers, self._statistics)
                else:
                    update_bn(_one_pass(trainer), model)
                yield
                self._statistics = _copies(buffers)
            finally:
                _fill(buffers, own)

    def state_dict(self) -> dict[str, Any]:
        return self.ema.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.ema.load_state_dict(state)
        self._statistics = []


def _one_pass(trainer: Trainer) -> Iterator[tuple[Tensor, Any]]:
    """An epoch of the training set, after which the loader and the random streams are where they were."""
    position, streams = trainer.loader.state_dict(), random.get_state()
    try:
        trainer.loader.load_state_dict(position | {"position": 0})
        yield from trainer.loader
    finally:
        trainer.loader.load_state_dict(position)
        random.set_state(streams)


def _copies(buffers: list[Tensor]) -> list[Array]:
    return [buffer.data.copy() for buffer in buffers]


def _fill(buffers: list[Tensor], values: list[Array]) -> None:
    with no_grad():
        for buffer, value in zip(buffers, values, strict=True):
            buffer.copy_(value)
