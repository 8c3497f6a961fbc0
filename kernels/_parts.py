"""Long arrays in parts of about equal length, for threads to share out."""

import numpy as np

from ._numba import inner

PART = 16384  # elements, at least: fewer are not worth a thread's waking up
MOST = 64


def parted(size: int) -> tuple[int, int]:
    """How many parts there are; twice, for `share_out` and for its task."""
    parts = max(1, min(MOST, size // PART))
    return parts, parts


@inner
def bounds(part, parts, size):
    """From where to where a part goes; unsigned, so that compiled code need not ask whether an index is negative."""
    return np.uintp(size * part // parts), np.uintp(size * (part + 1) // parts)
