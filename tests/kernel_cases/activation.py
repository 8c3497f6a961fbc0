"""Activation functions: numbers of every size, infinities, NaN, every axis."""

import numpy as np

from kernel_cases import Case, normal

SHAPES = {
    "pictures": (2, 3, 5, 7),
    "vectors": (13, 10),
    "one number": (1, 1),
    "no pictures": (0, 3, 4, 4),
    "long": (3, 1001),
    "many channels": (2, 17, 3, 5),
}
SPECIAL = [0.0, -0.0, 1.0, -1.0, 1e-30, -1e-30, 20.0, -20.0, 1e4, -1e4, np.inf, -np.inf, np.nan]


def elementwise(*more):
    return [
        *[Case(label, lambda r, d, X=X: (4 * normal(r, X, d), *more)) for label, X in SHAPES.items()],
        Case("special", lambda r, d: (np.array([SPECIAL, SPECIAL[::-1]], d), *more)),
    ]


def along_an_axis():
    cases = [
        Case(f"{label}, axis {axis}", lambda r, d, X=X, axis=axis: (4 * normal(r, X, d), axis), X[axis])
        for label, X in SHAPES.items()
        for axis in range(len(X))
        if X[axis]
    ]
    huge = Case("huge", lambda r, d: (1e4 * normal(r, (6, 5), d), 1), 5)
    impossible = Case("some -inf", lambda r, d: (np.array([[0, 1, -np.inf], [-np.inf, 2, -np.inf]], d), 1), 3)
    return [*cases, huge, impossible]


def gradients(*more):
    return [Case(label, lambda r, d, X=X: (normal(r, X, d), normal(r, X, d), *more)) for label, X in SHAPES.items()]


def special(*more):
    return [Case("special", lambda r, d: (np.array(SPECIAL[::-1], d), np.array(SPECIAL, d), *more))]


CASES = {
    "relu": elementwise(),
    "relu_input": gradients() + special(),
    "leaky_relu": elementwise(0.01),
    "leaky_relu_input": gradients(0.01) + special(0.01),
    "sigmoid": elementwise(),
    "sigmoid_input": gradients(),
    "tanh": elementwise(),
    "tanh_input": gradients(),
    "softmax": along_an_axis(),
    "log_softmax": along_an_axis(),
}
