"""Data sets by name, for configurations and the command line."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tinyconv.errors import ArgumentError, UnknownNameError

from .cifar import cifar10, cifar100
from .folder import folder, splits_of
from .labelled import Labelled
from .mnist import mnist
from .mnist_like import SPLITS, emnist, fashion_mnist, kmnist
from .svhn import svhn

SETS: dict[str, Callable[..., Labelled]] = {
    "mnist": mnist,
    "fashion_mnist": fashion_mnist,
    "kmnist": kmnist,
    "emnist": emnist,
    **{f"emnist-{split}": partial(emnist, split=split) for split in SPLITS},
    "cifar10": cifar10,
    "cifar100": cifar100,
    "cifar100-coarse": partial(cifar100, labels="coarse"),
    "svhn": svhn,
}
HELD_OUT = 0.2  # for testing, of a folder that is not split


def names() -> list[str]:
    """The names that `load` knows."""
    return sorted(SETS)


def load(
    name: str | os.PathLike, train: bool = True, root: str | os.PathLike | None = None, **options: Any
) -> Labelled:
    """The training or the test part of the data set `name`, or of a folder of pictures of one's own.

    root     the folder where a set's files are, or from where a folder's path counts
    options  of `folder`: size, channels, fit, check, bad, cache

    A folder is what has a path's separator in it, or is there. Its train/ is for training; for testing its
    test/, or without one its val/. If it has neither, the pictures are split, always in the same way: of each
    class four fifths are for training and one for testing.
    """
    if name in SETS:
        if options:
            raise ArgumentError("data.load", f"{name} takes no {', '.join(options)}: these are for folders.")
        return SETS[str(name)](train, root)
    path = Path(root or "") / Path(name).expanduser()
    if not path.is_dir() and not any(mark in str(name) for mark in (os.sep, os.altsep) if mark):
        raise UnknownNameError("data.load", "data set", str(name), SETS)
    splits = splits_of(path)
    if "train" in splits and len(splits) > 1:
        return folder(path, "train" if train else "test" if "test" in splits else "val", **options)
    everything = folder(path, "train" if "train" in splits else None, **options)
    return everything.split(HELD_OUT, seed=0, stratified=True)[0 if train else 1]
