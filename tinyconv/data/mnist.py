"""MNIST: 70,000 handwritten digits, 28 x 28 grey (LeCun, Bottou, Bengio, Haffner 1998, section III.A)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tinyconv.errors import DataError

from .dataset import Dataset
from .idx import read_idx

PACKAGED = Path(__file__).with_name("mnist")
MNIST_STATISTICS = (
    (0.1307,),
    (0.3081,),
)  # mean and standard deviation of the 60,000 training digits, white = 1


def mnist(train: bool = True, root: str | os.PathLike | None = None) -> Dataset:
    """The 60,000 training or the 10,000 test digits, uint8 (N, 1, 28, 28), light on dark.

    They are read from the folder `root`; without it from the sub-folder mnist of the folder that the
    environment variable TINYCONV_DATA names, or that folder itself, if the files are there; else from this
    package. The files are IDX, gzipped or not: train-images-idx3-ubyte, train-labels-idx1-ubyte, and t10k-...

    DataError if a file is missing, damaged, or does not fit the other.
    """
    part = "train" if train else "t10k"
    image_file, label_file = _find(f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte", root)
    images, labels = read_idx(image_file), read_idx(label_file)
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
        raise DataError("mnist", f"{image_file} holds {images.dtype} {images.shape}, expected uint8 (N, 28, 28).")
    if labels.dtype != np.uint8 or labels.shape != images.shape[:1]:
        raise DataError(
            "mnist",
            f"{label_file} holds {labels.dtype} {labels.shape}, expected uint8 ({len(images)},) "
            f"for the {len(images)} images in {image_file}.",
        )
    if labels.max() > 9:
        raise DataError("mnist", f"{label_file} holds the label {labels.max()}, expected 0 to 9.")
    return Dataset(images[:, None], labels, classes=10, name="mnist")


def _find(images: str, labels: str, root: str | os.PathLike | None) -> tuple[Path, Path]:
    """The two files, in the first folder that has the images."""
    folders = [Path(root)] if root is not None else [*_folders_of_user("mnist"), PACKAGED]
    for folder in folders:
        if image_file := _file(folder, images):
            if label_file := _file(folder, labels):
                return image_file, label_file
            raise DataError("mnist", f"{image_file} is there, but no {labels} or {labels}.gz beside it.")
    raise DataError("mnist", f"there is no {images} or {images}.gz in {' or '.join(map(str, folders))}.")


def _folders_of_user(name: str) -> Iterator[Path]:
    if folder := os.environ.get("TINYCONV_DATA"):
        yield Path(folder) / name
        yield Path(folder)


def _file(folder: Path, name: str) -> Path | None:
    """The file under this name or with .gz after it."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)
