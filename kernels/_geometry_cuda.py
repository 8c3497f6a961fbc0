"""Windows on channels-last pictures, as CUDA kernels take them: one struct, by value."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyconv.backend import Array, array_module
from tinyconv.geometry import Window

from ._cuda import BLOCKS, THREADS, Launcher

NAMES = ("C", "H", "W", "OH", "OW", "KH", "KW", "SH", "SW", "DH", "DW", "top", "left")
DTYPE = np.dtype([(name, "i4") for name in NAMES])


def geometry(shape: Sequence[int], outputs: Sequence[int], window: Window) -> np.ndarray:
    """Of pictures (N, C, H, W) and results (N, F, OH, OW)."""
    (top, _), (left, _) = window.padding
    numbers = *shape[1:], *outputs[2:], *window.size, *window.stride, *window.dilation, top, left
    return np.array([numbers], DTYPE)


def for_pictures(kernel: Launcher, N: int, count: int, *arguments: Any, dtype: Any = None) -> None:
    """kernel(N, ...), a thread for each of `count` elements of each picture."""
    if N and count:
        grid = min(-(-count // THREADS), BLOCKS), min(N, 65535)
        kernel.on(grid, THREADS, np.int64(N), *arguments, dtype=dtype)


def empty_pictures(shape: Sequence[int], like: Array) -> Array:
    """(N, C, H, W) that lies in memory as (N, H, W, C)."""
    N, C, H, W = shape
    return array_module(like).empty((N, H, W, C), like.dtype).transpose(0, 3, 1, 2)
