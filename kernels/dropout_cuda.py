"""Dropout in CUDA."""

import math

import numpy as np

from tinyconv.backend import Array
from tinyconv.memory import empty_like

from ._cuda import Program
from ._layout import flat, is_channels_last, plain
from .dropout import halves, survivors_gain

program = Program("dropout")
_dropout = program.kernel("dropout")


def dropout(x: Array, p: float, key: int) -> Array:
    if not program.takes(x):
        return NotImplemented
    pictures = is_channels_last(x)
    x = x if pictures else plain(x)
    y = empty_like(x)
    N, C, H, W = x.shape if pictures else (0, 0, 0, 0)
    threshold = np.int64(math.ceil(p * 2**32))
    place = getattr(key, "place", None)
    _dropout(x.size, flat(y), flat(x), threshold, survivors_gain(p), *map(np.uint32, halves(key)), place, C, H * W)
    return y
