"""A callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinyconv.errors import ArgumentError, UnknownNameError

from .base import Callback

EVENTS = tuple(name for name in vars(Callback) if name.startswith("on_"))


class LambdaCallback(Callback):
    """Calls a function of the Trainer at an event, for what is too short for a class.

        callbacks=[LambdaCallback(on_epoch_end=lambda trainer: print(trainer.history[-1]["loss"]))]

    Any of Callback's events; on_batch_begin's function also gets the images and labels. Raises UnknownNameError.
    """

    def __init__(self, **functions: Callable[..., Any]):
        for event, function in functions.items():
            if event not in EVENTS:
                raise UnknownNameError("LambdaCallback", "event", event, EVENTS)
            if not callable(function):
                raise ArgumentError("LambdaCallback", f"{event} is {function!r}; it must be a function of the trainer.")
            setattr(self, event, function)
