"""Pictures as rows of C channels, one for each pixel, and how blocks share out sums over the rows."""

from typing import Any

import numpy as np

from tinyconv.backend import Array, array_module

from ._cuda import Launcher
from ._layout import pixels, plain

MOST_SPLITS = 512  # Sums of so many parts are added up by one thread.
ROWS = 16  # for a thread, before there are more blocks


def as_rows(x: Array) -> Array:
    """(N, C) or (N, C, H, W) or any more axes -> (P, C), C-contiguous; of channels-last pictures not a copy"""
    if x.ndim == 4:
        return pixels(x).reshape(-1, x.shape[1])
    return plain(x.transpose([0, *range(2, x.ndim), 1])).reshape(-1, x.shape[1])


def like_rows(x: Array) -> Array:
    """An empty array of x's shape that `as_rows` would not copy."""
    y = array_module(x).empty((x.shape[0], *x.shape[2:], x.shape[1]), x.dtype)
    return y.transpose([0, x.ndim - 1, *range(1, x.ndim - 1)])


def blocks(rows: Array) -> tuple[int, int]:
    """(tiles of columns, splits of rows) of EACH_OF_COLUMN."""
    P, C = rows.shape
    tiles, lanes = -(-C // 256), 256 // min(C, 256)
    return tiles, max(1, min(P // (lanes * ROWS), MOST_SPLITS // tiles))


def partial_sums(kernel: Launcher, V: int, rows: Array, *arguments: Any) -> Array:
    """V sums over the rows of each column, in parts (splits, V, C), as sum_rows leaves them."""
    P, C = rows.shape
    tiles, splits = blocks(rows)
    dtype = np.float64 if rows.dtype == np.float64 else np.float32
    partial = array_module(rows).empty((splits, V, C), dtype)
    kernel.on((tiles, splits), 256, np.int64(P), C, partial, *arguments, dtype=rows.dtype)
    return partial
