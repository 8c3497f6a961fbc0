"""The question that an explainer answers, and the table of explainers."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyconv.backend import Array
from tinyconv.errors import GraphError
from tinyconv.stepping import Event, Trace
from tinyconv.tensor import Tensor

from .terms import Column, Origin, Place, Sum, host, wide


@dataclass(eq=False)
class Case:
    """One number: the event that made it, its place in the event's output, and the trace that all this is in."""

    event: Event
    at: Place
    trace: Trace

    @property
    def x(self) -> Tensor:
        """The first input."""
        return self.event.inputs[0]

    def argument(self, name: str) -> Any:
        return self.event.arguments[name]

    def here(self, letter: str, x: Tensor) -> Column:
        """The element of x at this place, x being broadcast to the shape of the output."""
        place = self.at[len(self.at) - x.ndim :]
        return Column(letter, x, tuple(0 if n == 1 else i for i, n in zip(place, x.shape, strict=True)))

    def result(self, letter: str = "y") -> Column:
        """The number itself."""
        return Column(letter, self.event.output, self.at)

    @functools.cached_property
    def forward(self) -> Event:
        """The operation whose gradient this is a part of."""
        event = None if self.event.step is None else self.trace.event_of(self.event.step)
        if event is None:
            raise GraphError("explain", f"the forward pass of {self.event.name!r} is not in the trace: trace it too.")
        event.check_unchanged()
        return event

    def which_input(self) -> int:
        """Of an event with a prime: the number of the input whose gradient came out."""
        sources = [x.source for x in self.forward.inputs]
        return next(i for i, source in enumerate(sources) if source is self.event.source)


Explainer = Callable[[Case], Sum | Origin]
_explainers: dict[str, Explainer] = {}
_letters: dict[str, tuple[list[str], str]] = {}
_passing: set[str] = set()


def explains(signature: str, *names: str) -> Callable[[Explainer], Explainer]:
    """Enter a function that says how operations of these names compute a number.

    signature  the letters of the inputs and of the output: "x w b -> y"
    """
    inputs, _, output = signature.partition(" -> ")

    def enter(explainer: Explainer) -> Explainer:
        for name in names:
            _explainers[name] = explainer
            _letters[name] = inputs.split(), output
        return explainer

    return enter


def passes_on(*names: str) -> Callable[[Explainer], Explainer]:
    """As `explains`, for operations most of whose numbers are their input's: the answer may be an Origin."""
    _passing.update(names)
    return explains("x -> y", *names)


def passed_on(trace: Trace, origin: Origin) -> list[Origin]:
    """A number's place, and its place before each of the operations that only passed it on, last first."""
    _load()
    places = [origin]
    while True:
        event = trace.event_of(places[-1].tensor)
        if event is None or event.name not in _passing:
            return places
        answer = explainer_of(event.name)(Case(event, places[-1].place, trace))
        if not isinstance(answer, Origin):
            return places
        event.check_unchanged()
        places.append(answer)


@functools.cache
def _load() -> None:
    """Import the families of this folder: a file for each of tinyconv/ops."""
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{__package__}.{module.name}")


def explainer_of(name: str) -> Explainer:
    _load()
    if name not in _explainers:
        raise GraphError("explain", f"{name!r} is an operation of which nothing is known but what it took and gave.")
    return _explainers[name]


def explained_names() -> set[str]:
    """The operations that can be explained."""
    _load()
    return set(_explainers)


def letters_of(name: str) -> tuple[list[str], str]:
    """The letters of an operation's inputs, and of its output."""
    return _letters.get(name, ([], "y"))


def grid(*sizes: int) -> list[np.ndarray]:
    """The indices 0 ... n - 1 along each axis, shaped so that they broadcast against one another."""
    return list(np.ogrid[tuple(slice(n) for n in sizes)])


def numbers(x: Tensor, *index: Any) -> Array:
    """x[index] in double precision."""
    return wide(host(x)[index])
