"""The classic architectures, one short file each, and their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.nn import Module

from .lenet import LeNet5

__all__ = ["LeNet5", "create", "names"]

BUILDERS: dict[str, Callable[..., Module]] = {"lenet5": LeNet5}


def names() -> list[str]:
    """The names that `create` knows."""
    return sorted(BUILDERS)


def create(name: str, num_classes: int = 10, in_channels: int = 1, **options: Any) -> Module:
    """A fresh model by its name: create("lenet5", num_classes=10)."""
    if name not in BUILDERS:
        raise UnknownNameError("models.create", "model", name, BUILDERS)
    for what, n in (("num_classes", num_classes), ("in_channels", in_channels)):
        if not isinstance(n, int) or n < 1:
            raise ArgumentError("models.create", f"{what} is {n!r}; it must be a whole number of at least 1.")
    return BUILDERS[name](num_classes=num_classes, in_channels=in_channels, **options)
