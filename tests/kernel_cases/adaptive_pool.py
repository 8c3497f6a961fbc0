"""Adaptive pooling: bins of equal and of different sizes, ties and NaN."""

from kernel_cases import Case, normal
from kernel_cases.pool import PICTURES

SIZES = {  # label: x (N, C, H, W), (OH, OW)
    "overlapping bins": ((2, 3, 7, 8), (3, 5)),
    "equal bins": ((2, 2, 6, 8), (3, 2)),
    "more bins than pixels": ((1, 2, 2, 3), (5, 4)),
    "one bin": ((2, 2, 5, 3), (1, 1)),
    "a single number": ((1, 1, 1, 1), (1, 1)),
    "no pictures": ((0, 2, 4, 5), (3, 3)),
}

CASES: dict[str, list[Case]] = {"adaptive_max_pool2d": [], "adaptive_avg_pool2d": [], "adaptive_avg_pool2d_input": []}
for label, (X, size) in SIZES.items():
    terms = X[2] * X[3]
    Y = (*X[:2], *size)
    CASES["adaptive_max_pool2d"].append(Case(label, lambda r, d, X=X, size=size: (normal(r, X, d), size)))
    for kind, picture in PICTURES.items():
        case = Case(f"{label}, {kind}", lambda r, d, X=X, size=size, picture=picture: (picture(r, X, d), size))
        CASES["adaptive_max_pool2d"].append(case)
    CASES["adaptive_avg_pool2d"].append(Case(label, lambda r, d, X=X, size=size: (normal(r, X, d), size), terms))
    CASES["adaptive_avg_pool2d_input"].append(Case(label, lambda r, d, X=X, Y=Y: (normal(r, Y, d), X), terms))
