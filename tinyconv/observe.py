"""Watching operations: who looks, and from where an operation was called.

Nobody watching costs one test an operation. While somebody does, each Operation also learns the path and class of its
layer and the line of the user, and layers run one by one rather than fused, unless the observer wants them as they are.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .tape import Operation
    from .tensor import Tensor

_observers: list[Callable] = []  # of operations
_step_observers: list[Callable] = []  # of steps backward
_beside: list[Callable] = []  # of operations, as they are when nobody looks
_step_beside: list[Callable] = []
_modules: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("tinyconv_modules", default=())
_going_back: ContextVar[Operation | None] = ContextVar("tinyconv_going_back", default=None)

_adding_up: ContextVar[bool] = ContextVar("tinyconv_adding_up", default=False)

_PACKAGE = os.path.dirname(__file__) + os.sep


class Handle:
    """Takes a hook off again: `handle.remove()`, or use it as a context manager."""

    def __init__(self, hooks: list[Callable], hook: Callable):
        self.hooks, self.hook = hooks, hook
        hooks.append(hook)

    def remove(self) -> None:
        if self.hook in self.hooks:
            self.hooks.remove(self.hook)
        self.hooks = []  # the same hook may be there a second time, by another Handle

    def __enter__(self) -> Handle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


# ---------------------------------------------------------------- who looks


def on_operation(observer: Callable, apart: bool = True) -> Handle:
    """Call `observer(name, inputs, output, arguments)` after every operation, in every thread.

    apart  layers run one by one; False: several in one operation, as when nobody looks
    """
    return Handle(_observers if apart else _beside, observer)


def on_step(observer: Callable, apart: bool = True) -> Handle:
    """Call `observer(operation, dy, gradients, contributions)` after every step backward, in every thread.

    gradients      those of the operation's inputs, each summed over all steps so far
    contributions  what this step gave: pairs of a source (an Operation or a leaf) and its part of the gradient
    apart          as above
    """
    return Handle(_step_observers if apart else _step_beside, observer)


def observed() -> bool:
    return bool(_observers or _step_observers or _beside or _step_beside)


def layers_apart() -> bool:
    """Does somebody look who wants to see every layer by itself?"""
    return bool(_observers or _step_observers)


def show_operation(name: str, inputs: list[Tensor], output: Tensor, arguments: dict[str, Any]) -> None:
    made = output.grad_fn
    if made is not None:
        made.module, made.layer, made.line = where_called()
        made.backward_of = _going_back.get()
    for observer in [*_observers, *_beside]:
        observer(name, inputs, output, arguments)


def show_step(operation: Operation, dy: Tensor, gradients: list[Tensor], contributions: list[Any]) -> None:
    for observer in [*_step_observers, *_step_beside]:
        observer(operation, dy, gradients, contributions)


# ---------------------------------------------------------------- from where


@contextmanager
def inside_module(name: str, layer: str = "") -> Iterator[None]:
    """Operations in here are called by the layer of that name inside the one that is being run, and of that class."""
    token = _modules.set((*_modules.get(), (name, layer)))
    try:
        yield
    finally:
        _modules.reset(token)


@contextmanager
def going_back(operation: Operation) -> Iterator[None]:
    """Operations in here are part of that one's step backward."""
    token = _going_back.set(operation)
    try:
        yield
    finally:
        _going_back.reset(token)


@contextmanager
def adding_up() -> Iterator[None]:
    """Operations in here give leaves their gradients: they belong to a backward pass, but to no step of it."""
    token = _adding_up.set(True)
    try:
        yield
    finally:
        _adding_up.reset(token)


def is_forward() -> bool:
    """Are operations now part of no backward pass?"""
    return _going_back.get() is None and not _adding_up.get()


def step_back() -> Operation | None:
    """The operation whose step backward is being made, if one is."""
    return _going_back.get()


def where_called() -> tuple[str, str, str]:
    """The layer's path ("block2.conv1") and class ("Conv2d"), and the user's line ("train.py:12").

    That is the line of the innermost frame outside this package. In a step backward it is where the operation was
    called whose step it is.
    """
    origin = _going_back.get()
    if origin is not None:
        return origin.module, origin.layer, origin.line
    modules = _modules.get()
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    path = ".".join(name for name, _ in modules if name)
    return path, modules[-1][1] if modules else "", f"{frame.f_code.co_filename}:{frame.f_lineno}"
