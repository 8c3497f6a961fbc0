"""Data sets by name, for configurations and the command line."""

from __future__ import annotations

import os

from tinyconv.errors import UnknownNameError

from .dataset import Dataset
from .mnist import mnist

SETS = {"mnist": mnist}


def names() -> list[str]:
    """The names that `load` knows."""
    return sorted(SETS)


def load(name: str, train: bool = True, root: str | os.PathLike | None = None) -> Dataset:
    """The training or the test part of the data set `name`, from the folder `root` if it is given."""
    if name not in SETS:
        raise UnknownNameError("data.load", "data set", name, SETS)
    return SETS[name](train, root)
