"""Regions of interest: bins that overlap, that are empty, and boxes that share a picture."""

import numpy as np

from kernel_cases import Case, normal
from kernel_cases.pool import PICTURES

SIZES = {  # label: x (N, C, H, W), number of boxes, (OH, OW)
    "several boxes": ((2, 3, 6, 7), 5, (2, 3)),
    "one pixel": ((1, 1, 1, 1), 2, (2, 2)),
    "no boxes": ((2, 2, 4, 5), 0, (2, 2)),
}


def pictures(rng, N, R):
    return rng.integers(0, N, R)


def ranges(rng, R, bins, size):
    """From which pixel to before which one; a few are empty."""
    start = rng.integers(0, size, (R, bins))
    return np.stack([start, np.minimum(start + rng.integers(0, 4, (R, bins)), size)], 2)


def weights(rng, R, bins, size, dtype):
    """Two neighbours have a weight, in some boxes none."""
    table = np.zeros((R, bins, size), dtype)
    for r, o in np.ndindex(R, bins):
        i = rng.integers(0, size)
        table[r, o, i : i + 2] = rng.random() * (r != 1)
    return table


CASES: dict[str, list[Case]] = {"roi_pool": [], "roi_align": [], "roi_align_input": []}
for label, ((N, C, H, W), R, (OH, OW)) in SIZES.items():

    def of_pool(rng, picture, X=(N, C, H, W), R=R, size=(OH, OW)):
        return picture, pictures(rng, X[0], R), ranges(rng, R, size[0], X[2]), ranges(rng, R, size[1], X[3])

    def of_align(rng, dtype, X=(N, C, H, W), R=R, size=(OH, OW)):
        return pictures(rng, X[0], R), weights(rng, R, size[0], X[2], dtype), weights(rng, R, size[1], X[3], dtype)

    X, Y = (N, C, H, W), (R, C, OH, OW)
    CASES["roi_pool"].append(Case(label, lambda r, d, X=X, rest=of_pool: rest(r, normal(r, X, d))))
    for kind, picture in PICTURES.items():
        case = Case(f"{label}, {kind}", lambda r, d, X=X, rest=of_pool, picture=picture: rest(r, picture(r, X, d)))
        CASES["roi_pool"].append(case)
    CASES["roi_align"].append(Case(label, lambda r, d, X=X, rest=of_align: (normal(r, X, d), *rest(r, d)), H * W))
    case = Case(label, lambda r, d, X=X, Y=Y, rest=of_align: (normal(r, Y, d), *rest(r, d), X), 4 * R)
    CASES["roi_align_input"].append(case)
