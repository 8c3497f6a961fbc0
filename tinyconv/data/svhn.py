"""SVHN: digits of house numbers in photographs, cut out, 32 x 32 (Netzer, Wang, Coates et al. 2011)."""

from __future__ import annotations

import os

import numpy as np

from tinyconv.errors import DataError

from .dataset import Dataset
from .matfile import parse_mat
from .places import find
from .published import SVHN


def svhn(train: bool = True, root: str | os.PathLike | None = None) -> Dataset:
    """73,257 training or 26,032 test digits in colour, uint8 (N, 3, 32, 32); label 3 is the digit 3.

    From `root`, or TINYCONV_DATA, or downloaded (246 MB in all). The files are train_32x32.mat and
    test_32x32.mat. DataError if they are missing or damaged.
    """
    ((where, data),) = find(SVHN, ["train_32x32.mat" if train else "test_32x32.mat"], root)
    arrays = parse_mat(where, data)
    if not {"X", "y"} <= arrays.keys():
        raise DataError("svhn", f"{where} holds {', '.join(arrays) or 'nothing'}, expected X and y.")
    X, y = arrays["X"], arrays["y"]
    if X.dtype != np.uint8 or X.ndim != 4 or X.shape[:3] != (32, 32, 3) or y.shape != (X.shape[3], 1):
        raise DataError(
            "svhn",
            f"{where} holds X, {X.dtype} {X.shape}, and y {y.shape}, expected uint8 (32, 32, 3, N) and (N, 1).",
        )
    if not np.isin(y, np.arange(1, 11)).all():
        raise DataError("svhn", f"{where} holds labels other than 1 to 10.")
    images = np.ascontiguousarray(X.transpose(3, 2, 0, 1))  # (H, W, C, N) -> (N, C, H, W)
    return Dataset(images, y[:, 0].astype(np.int64) % 10, 10, "svhn")  # the file's 10 is the digit 0
