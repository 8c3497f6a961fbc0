"""tanh and average pooling: windows of 2x2, odd pictures, and windows of other kinds."""

import numpy as np

from kernel_cases import Case, normal
from tinyconv.geometry import Window

GEOMETRIES = {  # label: x (N, C, H, W), arguments of Window.of
    "2x2": ((2, 3, 8, 6), dict(size=2, stride=2)),
    "2x2, odd picture": ((2, 3, 7, 9), dict(size=2, stride=2)),
    "2x2, one window": ((3, 1, 2, 3), dict(size=2, stride=2)),
    "overlapping": ((2, 3, 7, 5), dict(size=3, stride=2)),
    "non-square": ((1, 2, 5, 6), dict(size=(2, 3), stride=(2, 1))),
    "no pictures": ((0, 3, 8, 6), dict(size=2, stride=2)),
}


def extreme(rng, X, dtype):
    return rng.choice(np.array([np.nan, -np.inf, np.inf, 50, -1e-30, 0.1], dtype), X)


def slopes(rng, X, dtype):
    """tanh of something."""
    return np.tanh(normal(rng, X, dtype))


CASES: dict[str, list[Case]] = {"tanh_avg_pool2d": [], "tanh_avg_pool2d_input": []}
for label, (X, geometry) in GEOMETRIES.items():
    window = Window.of("test", **geometry)
    Y = (*X[:2], *window.out(*X[2:]))
    CASES["tanh_avg_pool2d"] += [
        Case(label, lambda r, d, X=X, w=window: (normal(r, X, d), w), 9),
        Case(f"{label}, extreme", lambda r, d, X=X, w=window: (extreme(r, X, d), w), 9),
    ]
    CASES["tanh_avg_pool2d_input"].append(
        Case(label, lambda r, d, X=X, Y=Y, w=window: (normal(r, Y, d), slopes(r, X, d), w), 9)
    )
