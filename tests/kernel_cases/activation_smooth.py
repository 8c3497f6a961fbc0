"""Smooth activation functions: numbers of every size, and NaN."""

import numpy as np

from kernel_cases import Case, normal

from .activation import SHAPES, gradients

# No infinities: -inf times 0 has no value.
LARGE = [0.0, -0.0, 1.0, -1.0, 1e-30, -1e-30, 5.0, -5.0, 20.0, -20.0, 100.0, -100.0, 1e4, -1e4, np.nan]


def elementwise(*more):
    return [
        *[Case(label, lambda r, d, X=X: (4 * normal(r, X, d), *more), 2) for label, X in SHAPES.items()],
        Case("large", lambda r, d: (np.array([LARGE, LARGE[::-1]], d), *more)),
    ]


CASES = {
    "silu": elementwise(),
    "silu_input": [
        *[Case(case.label, case.arguments, 2) for case in gradients()],
        Case("large", lambda r, d: (normal(r, (len(LARGE),), d), np.array(LARGE, d)), 2),
    ],
    "softplus": [
        *elementwise(1.0, 20.0),
        Case("another beta", lambda r, d: (4 * normal(r, (3, 50), d), 2.5, 4.0), 2),
        Case("no threshold", lambda r, d: (np.array([[900.0, -900.0]], d), 1.0, 1e30)),
    ],
    "normal_cdf": [
        *elementwise(),
        Case("all three formulas", lambda r, d: (np.linspace(-39, 39, 999).astype(d),), 2),
        Case("infinities", lambda r, d: (np.array([np.inf, -np.inf], d),)),
    ],
}
