"""Pooling: every kind of geometry, ties, infinities and NaN."""

import numpy as np

from kernel_cases import Case, normal
from tinyconv.geometry import Window

GEOMETRIES = {  # label: x (N, C, H, W), arguments of Window.of
    "2x2": ((2, 3, 8, 6), dict(size=2, stride=2)),
    "2x2, odd picture": ((2, 3, 7, 9), dict(size=2, stride=2)),
    "overlapping": ((2, 3, 8, 7), dict(size=3, stride=2, padding=1)),
    "stride 1": ((1, 2, 5, 6), dict(size=3, padding=1)),
    "non-square": ((2, 1, 9, 8), dict(size=(2, 3), stride=(3, 1), padding=(0, 1))),
    "stride beyond the window": ((2, 2, 11, 12), dict(size=2, stride=(5, 3))),
    "dilation": ((2, 2, 11, 10), dict(size=3, stride=2, padding=1, dilation=(2, 3))),
    "border on one side": ((2, 2, 5, 6), dict(size=2, padding=((1, 0), (0, 1)))),
    "window as large as the picture": ((3, 2, 5, 4), dict(size=(5, 4))),
    "window larger than the picture": ((2, 2, 3, 2), dict(size=5, padding=2)),
    "more than 256 places": ((1, 2, 18, 18), dict(size=17)),
    "one of everything": ((1, 1, 1, 1), dict(size=1)),
    "no pictures": ((0, 3, 8, 6), dict(size=2, stride=2)),
    "many pictures": ((37, 2, 6, 5), dict(size=2, stride=2)),
}


def winners(rng, X, window):
    """Any place inside the picture, for each window."""
    N, C, H, W = X
    (KH, KW), (OH, OW) = window.size, window.out(H, W)

    def inside(axis, outputs, size):
        before, S, D = window.padding[axis][0], window.stride[axis], window.dilation[axis]
        return [[k for k in range(window.size[axis]) if 0 <= o * S + k * D - before < size] for o in range(outputs)]

    rows, columns = inside(0, OH, H), inside(1, OW, W)
    winner = np.empty((N, C, OH, OW), "uint8" if KH * KW <= 256 else "int32")
    for n, c, oy, ox in np.ndindex(winner.shape):
        winner[n, c, oy, ox] = rng.choice(rows[oy]) * KW + rng.choice(columns[ox])
    return winner


def special(values):
    """Pictures that hold nothing but these few values."""
    return lambda rng, X, dtype: rng.choice(np.array(values, dtype), X)


PICTURES = {
    "ties": special([0, 1]),
    "NaN": special([np.nan, 1, -np.inf, np.inf, 2]),
    "-inf": special([-np.inf]),
}


def passes(label, X, geometry):
    window = Window.of("test", **geometry)
    K = window.size[0] * window.size[1]
    Y = (*X[:2], *window.out(*X[2:]))
    cases = {
        "max_pool2d": [Case(label, lambda r, d: (normal(r, X, d), window))],
        "max_pool2d_input": [Case(label, lambda r, d: (normal(r, Y, d), winners(r, X, window), window, X), terms=K)],
        "max_pool2d_gather": [Case(label, lambda r, d: (normal(r, X, d), winners(r, X, window), window))],
        "avg_pool2d": [],
        "avg_pool2d_input": [],
    }
    for kind, picture in PICTURES.items():
        case = Case(f"{label}, {kind}", lambda r, d, picture=picture: (picture(r, X, d), window))
        cases["max_pool2d"].append(case)
    for kind, divisor in {"KH*KW": K, "another number": 3, "one for each place": divisors(*Y[2:])}.items():
        kind = f"{label}, divided by {kind}"
        cases["avg_pool2d"].append(Case(kind, lambda r, d, n=divisor: (normal(r, X, d), window, n), K))
        cases["avg_pool2d_input"].append(Case(kind, lambda r, d, n=divisor: (normal(r, Y, d), window, n, X), K))
    return cases


def divisors(OH, OW):
    """Whole numbers, other ones for each place."""
    return 1 + np.arange(OH * OW).reshape(OH, OW) % 7


CASES: dict[str, list[Case]] = {}
for label, (X, geometry) in GEOMETRIES.items():
    for name, cases in passes(label, X, geometry).items():
        CASES.setdefault(name, []).extend(cases)
