"""Affine maps with places inside, on the border, and far outside on all four sides."""

import numpy as np

from kernel_cases import Case, normal

MAPS = {
    "unchanged": [[1, 0, 0], [0, 1, 0]],
    "turned and larger": [[0.6, -0.45, 1.3], [0.45, 0.6, -0.7]],
    "half a pixel aside": [[1, 0, 0.5], [0, 1, -1.5]],
    "far outside": [[2.5, 0.3, -9.2], [-0.2, 3.1, -11.4]],
}


def warp(shape, A, nearest, fill_mode, fill=0.25, pixels=False):
    def arguments(r, dtype):
        x = r.integers(0, 256, shape).astype(np.uint8) if pixels else normal(r, shape, dtype)
        return x, np.array([A] * shape[0], np.float64).reshape(-1, 2, 3), nearest, fill_mode, fill

    return arguments


CASES = {
    "affine_warp": [
        *[
            Case(f"{label}, {mode}, {'nearest' if nearest else 'bilinear'}", warp((2, 3, 5, 4), A, nearest, mode), 4)
            for label, A in MAPS.items()
            for mode in ("constant", "edge", "reflect", "wrap")
            for nearest in (False, True)
        ],
        Case("pixels", warp((2, 3, 5, 4), MAPS["turned and larger"], False, "edge", 7.0, pixels=True)),
        Case("pixels, nearest", warp((1, 1, 5, 4), MAPS["far outside"], True, "constant", 7.0, pixels=True)),
        Case("a single pixel", warp((1, 2, 1, 1), MAPS["far outside"], False, "reflect"), 4),
        Case("no pictures", warp((0, 2, 4, 3), MAPS["unchanged"], False, "edge")),
    ],
}
