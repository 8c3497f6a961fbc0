"""Resampling along each axis, with rows of weights that are empty, single, few and full."""

import numpy as np

from kernel_cases import Case, normal

WEIGHTS = {  # label: (OH, H)
    "sparse": [[0.5, 0.5, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0.25, 0.75], [0, 0, 0, 1]],
    "full": [[0.1, 0.2, 0.3, 0.4]],
    "repeated": np.eye(4)[[0, 0, 1, 1, 2, 2, 3, 3]],
}

CASES = {
    "resample": [
        *[
            Case(f"{label}, axis {axis}", lambda r, d, X=X, w=w, axis=axis: (normal(r, X, d), np.array(w), axis), 4)
            for label, w in WEIGHTS.items()
            for axis, X in ((2, (2, 3, 4, 5)), (3, (1, 2, 3, 4)), (0, (4, 2)))
        ],
        Case("no pictures", lambda r, d: (normal(r, (0, 2, 4, 3), d), np.array(WEIGHTS["sparse"]), 2)),
    ],
}
