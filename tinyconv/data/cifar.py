"""CIFAR-10 and CIFAR-100: small colour photographs, 32 x 32 (Krizhevsky 2009), from the binary version of their files.

A record is one label byte (two in CIFAR-100: coarse, fine) and 3,072 bytes of red, green and blue, row by row.
The version for Python is pickled, and so could run code; it is not read.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from tinyconv.errors import DataError, UnknownNameError

from .dataset import Dataset
from .places import find
from .published import CIFAR10, CIFAR100, Published

PIXELS = 3 * 32 * 32
CLASSES = tuple("airplane automobile bird cat deer dog frog horse ship truck".split())  # noqa: SIM905

COARSE = tuple(
    """aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices
    household_furniture insects large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes
    large_omnivores_and_herbivores medium_mammals non-insect_invertebrates people reptiles small_mammals trees
    vehicles_1 vehicles_2""".split()  # noqa: SIM905
)
FINE = tuple(
    """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
    castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
    elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster
    man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck
    pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk
    skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger
    tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm""".split()  # noqa: SIM905
)


def cifar10(train: bool = True, root: str | os.PathLike | None = None) -> Dataset:
    """50,000 or 10,000 photographs in 10 classes, uint8 (N, 3, 32, 32).

    From `root`, or TINYCONV_DATA, or downloaded (170 MB). The files are data_batch_1.bin to data_batch_5.bin
    and test_batch.bin. DataError if they are missing or damaged.
    """
    names = [f"data_batch_{i}.bin" for i in range(1, 6)] if train else ["test_batch.bin"]
    images, labels = _records(CIFAR10, names, [len(CLASSES)], root)
    return Dataset(images, labels[:, 0], CLASSES, "cifar10")


def cifar100(train: bool = True, root: str | os.PathLike | None = None, labels: str = "fine") -> Dataset:
    """50,000 or 10,000 photographs in 100 classes, or, with labels="coarse", 20; uint8 (N, 3, 32, 32).

    From `root`, or TINYCONV_DATA, or downloaded (169 MB). The files are train.bin and test.bin.
    UnknownNameError for other labels, DataError if the files are missing or damaged.
    """
    kinds = {"coarse": COARSE, "fine": FINE}
    if labels not in kinds:
        raise UnknownNameError("cifar100", "kind of labels", labels, kinds)
    names = ["train.bin" if train else "test.bin"]
    images, both = _records(CIFAR100, names, [len(COARSE), len(FINE)], root)
    name = "cifar100" if labels == "fine" else "cifar100-coarse"
    return Dataset(images, both[:, list(kinds).index(labels)], kinds[labels], name)


def _records(
    source: Published, names: Sequence[str], classes: Sequence[int], root: str | os.PathLike | None
) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 3, 32, 32) and labels (N, kinds of labels) of all these files."""
    L = len(classes)
    tables = []
    for where, data in find(source, names, root):
        if not data or len(data) % (L + PIXELS):
            raise DataError(
                source.name,
                f"{where} has {len(data)} bytes, expected a multiple of {L + PIXELS}: {L} for labels, {PIXELS} pixels.",
            )
        table = np.frombuffer(data, np.uint8).reshape(-1, L + PIXELS)
        for k, K in enumerate(classes):
            if table[:, k].max() >= K:
                raise DataError(source.name, f"{where} holds the label {table[:, k].max()}, expected 0 to {K - 1}.")
        tables.append(table)
    images = np.concatenate([table[:, L:] for table in tables])  # (N, 3072)
    return images.reshape(-1, 3, 32, 32), np.concatenate([table[:, :L] for table in tables])
