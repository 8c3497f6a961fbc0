"""The classic architectures, one short file each, and their names."""

from __future__ import annotations

from collections.abc import Callable

from tinyconv.errors import UnknownNameError
from tinyconv.geometry import whole
from tinyconv.nn import Module

from .lenet import LeNet5

__all__ = ["LeNet5", "create", "names"]

BUILDERS: dict[str, Callable[..., Module]] = {"lenet5": LeNet5}


def names() -> list[str]:
    """The names that `create` knows."""
    return sorted(BUILDERS)


def create(name: str, num_classes: int = 10, in_channels: int = 1) -> Module:
    """A fresh model by its name: create("lenet5", num_classes=10)."""
    if name not in BUILDERS:
        raise UnknownNameError("models.create", "model", name, BUILDERS)
    return BUILDERS[name](
        num_classes=whole("models.create", "num_classes", num_classes, least=1),
        in_channels=whole("models.create", "in_channels", in_channels, least=1),
    )
