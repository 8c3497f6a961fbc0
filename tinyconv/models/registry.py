"""What is known of each architecture, and how it is found by its name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.geometry import whole
from tinyconv.nn import Module

Build = TypeVar("Build", bound=Callable[..., Module])


@dataclass(frozen=True)
class Card:
    """An architecture: who published it, where, and what it was made for.

    year   None where nobody knows it
    build  makes a fresh model:  build(num_classes=..., in_channels=..., ...)
    input  (C, H, W) of the pictures that the paper gives it
    task   what it does with a picture
    top1   the share of ImageNet's validation pictures whose class it got right at the first guess, of one crop and in
           per cent, and who says so; None where nobody measured that
    """

    name: str
    build: Callable[..., Module]
    year: int | None
    paper: str
    input: tuple[int, int, int]
    task: str
    top1: tuple[float, str] | None


CARDS: dict[str, Card] = {}


def model(
    *,
    year: int | None,
    paper: str,
    input: tuple[int, int, int] = (3, 224, 224),
    task: str = "classification",
    top1: tuple[float, str] | None = None,
) -> Callable[[Build], Build]:
    """Decorator: put what a function or class builds into the zoo, under its name in lower case.

    What it builds knows the size of its pictures: `net.input_size`.
    """

    def enter(build: Any) -> Any:
        made = _knowing_its_input(build, input)
        name = build.__name__.lower()
        build.__doc__ = build.__doc__ or f"{paper}.   See `help(tinyconv.models.{build.__module__.rpartition('.')[2]})`"
        CARDS[name] = Card(name, made, year, paper, input, task, top1)
        return made

    return enter


def _knowing_its_input(build: Any, input: tuple[int, int, int]) -> Any:
    """A class as it is, a function so that its nets have the attribute."""
    if isinstance(build, type):
        build.input_size = input  # type: ignore[attr-defined]
        return build

    @wraps(build)
    def made(*args: Any, **options: Any) -> Module:
        net = build(*args, **options)
        net.input_size = input
        return net

    return made


def names(task: str | None = None) -> list[str]:
    """The names that `create` knows; of one task alone, if it is given."""
    tasks = sorted({card.task for card in CARDS.values()})
    if task is not None and task not in tasks:
        raise UnknownNameError("models.names", "task", task, tasks)
    return sorted(name for name, card in CARDS.items() if task in (None, card.task))


def card(name: str) -> Card:
    """What is known of the architecture of that name."""
    if name not in CARDS:
        raise UnknownNameError("models.create", "model", name, CARDS)
    return CARDS[name]


def create(name: str, num_classes: int | None = None, in_channels: int | None = None, **options: Any) -> Module:
    """A fresh model by its name: create("resnet18", num_classes=10).

    num_classes, in_channels  as in the paper, unless given
    options                   what else the architecture's own function takes, such as dropout=0.2
    Raises UnknownNameError, ArgumentError.
    """
    build = card(name).build
    for key, value in (("num_classes", num_classes), ("in_channels", in_channels)):
        if value is not None:
            options[key] = whole("models.create", key, value, least=1)
    known = inspect.signature(build).parameters
    for key in options:
        if key not in known:
            raise ArgumentError("models.create", f"{name} has no option {key!r}; it has {', '.join(known)}.")
    return build(**options)
