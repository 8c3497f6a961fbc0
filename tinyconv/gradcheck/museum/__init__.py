"""A museum of wrong backward passes: somebody, somewhere, has made each of these mistakes.

Forward is right in all of them. An exhibit has the wrong function and the right one, what one sees when a
net is trained with it, and the words that the gradient check finds for the cause.

    tinyconv museum                       # the list
    tinyconv museum kernel_not_flipped    # one exhibit: the mistake, its symptom, the check's report
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyconv.errors import UnknownNameError
from tinyconv.tensor import Tensor

Shape = tuple[int, ...]
_EXHIBITS: dict[str, Exhibit] = {}


@dataclass(frozen=True)
class Exhibit:
    """One mistake.

    wrong, right  functions of tensors, or modules without arguments; forward is the same
    shapes        of random inputs that show the mistake
    symptom       what one sees in training
    hint          words in the gradient check's report that name the cause
    room          the file of this folder: convolution, pooling, ...
    prepare       makes the random inputs special: positive, or with ties
    """

    wrong: Callable[..., Any]
    right: Callable[..., Any]
    shapes: tuple[Shape, ...]
    symptom: str
    hint: str
    room: str
    prepare: Callable[[np.ndarray], np.ndarray] = np.asarray

    @property
    def name(self) -> str:
        return self.wrong.__name__

    @property
    def mistake(self) -> str:
        """What is wrong, in a sentence."""
        return inspect.getdoc(self.wrong) or ""

    def inputs(self, rng: np.random.Generator) -> list[Tensor]:
        """Random leaves in double precision."""
        return [Tensor(self.prepare(rng.standard_normal(shape)), requires_grad=True) for shape in self.shapes]

    def functions(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """The wrong and the right function; modules as in evaluation."""
        wrong, right = (f().double().eval() if isinstance(f, type) else f for f in (self.wrong, self.right))
        return wrong, right


def exhibit(
    *shapes: Shape,
    right: Callable[..., Any],
    hint: str,
    symptom: str,
    prepare: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> Callable:
    """Decorator: put a wrong function on show; its docstring says what is wrong."""

    def decorate(wrong: Callable) -> Callable:
        room = wrong.__module__.rpartition(".")[2]
        _EXHIBITS[wrong.__name__] = Exhibit(wrong, right, shapes, symptom, hint, room, prepare)
        return wrong

    return decorate


def exhibits() -> list[Exhibit]:
    """All exhibits, room by room."""
    for room in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{room.name}")
    return sorted(_EXHIBITS.values(), key=lambda e: e.room)  # within a room as they stand in its file


def find(name: str) -> Exhibit:
    """The exhibit of this name."""
    found = {e.name: e for e in exhibits()}
    if name not in found:
        raise UnknownNameError("museum", "exhibit", name, found)
    return found[name]
