"""Activation functions with a corner: numbers of every size, infinities, NaN, and values on the corners."""

import numpy as np

from kernel_cases import Case, normal

from .activation import SHAPES, SPECIAL, elementwise, gradients

CORNERS = [-0.0, 0.0, 6.0, np.nextafter(np.float32(6), np.float32(0)), 3.0, -3.0, np.nan]


def of_weights(label, X, C):
    return Case(label, lambda r, d: (normal(r, X, d), normal(r, (C,), d)))


CASES = {
    "relu6": [*elementwise(), Case("corners", lambda r, d: (np.array(CORNERS, d),))],
    "relu6_input": [
        *gradients(),
        Case("corners", lambda r, d: (normal(r, (7,), d), np.array(CORNERS, d))),
        Case(
            "values of relu6", lambda r, d: (normal(r, (3, 4, 5, 7), d), np.clip(5 * normal(r, (3, 4, 5, 7), d), 0, 6))
        ),
    ],
    "prelu": [
        *[of_weights(f"{label}, one slope", X, 1) for label, X in SHAPES.items()],
        *[of_weights(f"{label}, {X[1]} slopes", X, X[1]) for label, X in SHAPES.items() if X[1] > 1],
        of_weights("a vector", (5,), 1),
        Case("special", lambda r, d: (np.array([SPECIAL, SPECIAL[::-1]], d), np.array([0.25], d))),
    ],
    "elu": [*elementwise(1.0), Case("another alpha", lambda r, d: (normal(r, (3, 4), d), 0.3))],
    "elu_input": [*gradients(1.0), Case("another alpha", lambda r, d: (*normal(r, (2, 3, 4), d), 0.3))],
}
