"""EMA: the exponential moving average of a model's weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from numbers import Real
from typing import TYPE_CHECKING, Any

from tinyconv.backend import Array, device_of, is_array, move, on_its_gpu
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.geometry import is_whole
from tinyconv.tensor import Tensor

if TYPE_CHECKING:
    from tinyconv.nn.module import Module


class EMA:
    """e <- decay e + (1 - decay) w, for every parameter w of a model; e = w at first

        ema = EMA(model, decay=0.999)
        for x, t in loader:
            ...
            optimizer.step()
            ema.update()
        with ema.applied():  # the model has the averages for its weights
            evaluate(model)

    The average of about the last 1/(1 - decay) steps, with less noise than the last one alone.
    Polyak and Juditsky 1992 (equal weights); Szegedy et al. 2016, arXiv:1512.00567, section 8, in this form.
    Buffers are not averaged: batch norm's statistics are running means already, and stay as they are.
    """

    def __init__(self, model: Module, decay: float = 0.999):
        _check_decay("EMA", decay)
        self.model = model
        self.decay = float(decay)
        self.t = 0
        self.average: dict[str, Array] = {
            path: on_its_gpu(p.data).copy(order="K") for path, p in model.named_parameters()
        }
        self._applied = False

    def update(self) -> None:
        """Take the weights as they are now into the average; after each step of the optimiser."""
        self._refuse_while_applied("update")
        self.t += 1
        for path, p in self._parameters("update"):
            e = self.average[path]
            if e.dtype != p.dtype or device_of(e) != p.device:  # the model was moved
                e = self.average[path] = move(e, p.device).astype(p.dtype)
            e += (1 - self.decay) * (on_its_gpu(p.data) - e)

    @contextmanager
    def applied(self) -> Iterator[Module]:
        """Within this block the averages are the model's weights; afterwards it has its own again."""
        self._refuse_while_applied("applied")
        parameters = self._parameters("applied")
        self._applied = True
        self._swap(parameters)
        try:
            yield self.model
        finally:
            self._swap(parameters)
            self._applied = False

    def _parameters(self, method: str) -> list[tuple[str, Tensor]]:
        """The model's parameters by path: those that it had from the start, and no others."""
        parameters: list[tuple[str, Tensor]] = list(self.model.named_parameters())
        if (paths := [path for path, _ in parameters]) != list(self.average):
            changed = sorted(set(paths) ^ set(self.average)) or paths
            raise ArgumentError(
                f"EMA.{method}", f"the model's parameters are others now ({changed[0]}); make a new EMA."
            )
        return parameters

    def _swap(self, parameters: list[tuple[str, Tensor]]) -> None:
        """Exchange the arrays, without a copy; whoever needed the old ones for backward will notice."""
        for path, p in parameters:
            p.data, self.average[path] = self.average[path], p.data
            p.version.count += 1

    def _refuse_while_applied(self, method: str) -> None:
        if self._applied:
            problem = "the model has the averages for its weights; leave the `with ema.applied()` block first."
            raise ArgumentError(f"EMA.{method}", problem)

    def state_dict(self) -> dict[str, Any]:
        """{"t": updates so far, "decay": decay, "average": {path: array}}; the arrays are not copies."""
        self._refuse_while_applied("state_dict")
        return {"t": self.t, "decay": self.decay, "average": dict(self.average)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put back what `state_dict` returned, for a model of the same parameters. Nothing changes unless all fits."""
        name = "EMA.load_state_dict"
        self._refuse_while_applied("load_state_dict")
        average = state.get("average")
        if not {"t", "decay"} <= state.keys() or not is_whole(state["t"]) or not isinstance(average, Mapping):
            raise ArgumentError(name, "it needs 't', 'decay' and 'average', as state_dict() returns them.")
        _check_decay(name, state["decay"])
        for path in average.keys() ^ self.average.keys():
            owner = "the model" if path in self.average else "the state"
            raise ArgumentError(name, f"only {owner} has a parameter {path!r}.")
        for path, e in self.average.items():
            if not is_array(average[path]) or average[path].shape != e.shape:
                found = getattr(average[path], "shape", type(average[path]).__name__)
                raise ShapeError(name, f"the average of {path} has shape {found}, its parameter {e.shape}.")
        self.t, self.decay = int(state["t"]), float(state["decay"])
        for path, e in self.average.items():
            on_its_gpu(e)[...] = move(average[path], device_of(e))


def _check_decay(name: str, decay: Any) -> None:
    if not isinstance(decay, Real) or not 0 <= float(decay) <= 1:
        raise ArgumentError(name, f"decay is {decay!r}; it must lie between 0 and 1.")
