"""Sums over all but the channels: more pixels than are summed at a time, fewer than there are parts."""

import numpy as np

from kernel_cases import Case, normal

SHAPES = [(1, 1, 1, 1), (2, 3, 5, 7), (1, 17, 3, 2), (3, 1, 40, 41), (2, 33, 50, 47), (0, 3, 4, 4)]

CASES = {
    "channel_sums": [
        Case(f"{X}", lambda r, d, X=X: (normal(r, X, d),), max(1, int(np.prod(X)) // X[1])) for X in SHAPES
    ],
}
