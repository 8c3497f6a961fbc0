"""Places in memory: some named twice, some numbers without one."""

import numpy as np

from kernel_cases import Case, normal

SHAPES = {  # label: x, place
    "some of them": ((2, 3, 4, 5), (2, 3, 2, 2)),
    "more places than numbers": ((1, 2, 3), (4, 5)),
    "none": ((2, 3), (0, 4)),
}


def places(rng, X, Y):
    return rng.integers(-1, int(np.prod(X)), Y)


CASES: dict[str, list[Case]] = {"from_places": [], "to_places": []}
for label, (X, Y) in SHAPES.items():
    CASES["from_places"].append(Case(label, lambda r, d, X=X, Y=Y: (normal(r, X, d), places(r, X, Y))))
    CASES["to_places"].append(Case(label, lambda r, d, X=X, Y=Y: (normal(r, Y, d), places(r, X, Y), X), terms=20))
