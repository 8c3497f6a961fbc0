"""MNIST: 70,000 handwritten digits, 28 x 28 grey (LeCun, Bottou, Bengio, Haffner 1998, section III.A)."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinyconv.errors import DataError

from .dataset import Dataset
from .idx import parse_idx
from .places import find
from .published import MNIST, TEST, TRAIN, Published

PACKAGED = Path(__file__).with_name("mnist")


def mnist(train: bool = True, root: str | os.PathLike | None = None) -> Dataset:
    """The 60,000 training or the 10,000 test digits, uint8 (N, 1, 28, 28), light on dark.

    They are read from the folder `root`; without it from the sub-folder mnist of the folder that the
    environment variable TINYCONV_DATA names, or that folder itself, if the files are there; else from this
    package. The files are IDX, gzipped or not: train-images-idx3-ubyte, train-labels-idx1-ubyte, and t10k-...

    DataError if a file is missing, damaged, or does not fit the other.
    """
    images, labels = read_pair(MNIST, TRAIN if train else TEST, 10, root, PACKAGED)
    return Dataset(images, labels, classes=10, name="mnist")


def read_pair(
    source: Published, names: Sequence[str], K: int, root: str | os.PathLike | None, packaged: Path | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 1, 28, 28) and labels (N,), 0 to K - 1, of two IDX files that must fit together."""
    files = find(source, names, root, packaged)
    images, labels = (parse_idx(file.where, io.BytesIO(file.data), len(file.data)) for file in files)
    image_file, label_file = (file.where for file in files)
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
        raise DataError(source.name, f"{image_file} holds {images.dtype} {images.shape}, expected uint8 (N, 28, 28).")
    if labels.dtype != np.uint8 or labels.shape != images.shape[:1]:
        raise DataError(
            source.name,
            f"{label_file} holds {labels.dtype} {labels.shape}, expected uint8 ({len(images)},) "
            f"for the {len(images)} images in {image_file}.",
        )
    if labels.max() >= K:
        raise DataError(source.name, f"{label_file} holds the label {labels.max()}, expected 0 to {K - 1}.")
    return images[:, None], labels
