"""Convolutions: every kind of geometry, each in all three passes, and im2col with its adjoint."""

from kernel_cases import Case, normal
from tinyconv.geometry import Window

GEOMETRIES = {  # label: x (N, C, H, W), filters F, arguments of Window.of
    "plain": ((2, 3, 7, 8), 4, dict(size=3)),
    "1x1": ((2, 5, 4, 3), 6, dict(size=1)),
    "one of everything": ((1, 1, 1, 1), 1, dict(size=1)),
    "LeNet's first": ((3, 1, 28, 28), 6, dict(size=5, padding=2)),
    "LeNet's second": ((3, 6, 14, 14), 16, dict(size=5)),
    "window as large as the picture": ((2, 3, 5, 4), 2, dict(size=(5, 4))),
    "window larger than the picture": ((2, 2, 3, 2), 3, dict(size=5, padding=2)),
    "non-square": ((2, 2, 9, 6), 3, dict(size=(2, 3), stride=(1, 2), padding=(1, 0), dilation=(2, 1))),
    "stride 2": ((2, 3, 9, 10), 5, dict(size=3, stride=2, padding=1)),
    "stride beyond the window": ((2, 2, 11, 12), 3, dict(size=2, stride=(5, 3))),
    "dilation": ((2, 2, 11, 10), 3, dict(size=3, dilation=(2, 3))),
    "dilation, stride, padding": ((1, 2, 12, 11), 3, dict(size=3, stride=2, padding=2, dilation=2)),
    "same, even window": ((2, 3, 6, 7), 2, dict(size=(4, 2), padding="same")),
    "border on one side": ((2, 2, 5, 6), 3, dict(size=3, padding=((2, 0), (0, 1)))),
    "border wider than the window": ((1, 2, 4, 4), 2, dict(size=2, padding=4)),
    "groups": ((2, 6, 7, 7), 9, dict(size=3, padding=1, groups=3)),
    "depthwise": ((2, 5, 8, 7), 5, dict(size=3, padding=1, groups=5)),
    "depthwise, two filters a channel": ((2, 3, 8, 7), 6, dict(size=3, stride=2, groups=3)),
    "no pictures": ((0, 3, 7, 8), 4, dict(size=3)),
    "many pictures": ((37, 2, 6, 5), 3, dict(size=3, padding=1)),
    "many channels": ((2, 40, 5, 5), 21, dict(size=3)),
    "many filters": ((1, 20, 3, 4), 50, dict(size=2)),
    "very many of both": ((1, 66, 3, 3), 67, dict(size=2)),
}


def passes(label, X, F, geometry):
    """The six cases of one geometry."""
    window = Window.of("test", **geometry)
    N, C, H, W = X
    OH, OW = window.out(H, W)
    (KH, KW), CG = window.size, C // window.groups
    W_, Y = (F, CG, KH, KW), (N, F, OH, OW)
    K, P = CG * KH * KW, N * OH * OW
    bias = Case(label, lambda r, d: (normal(r, X, d), normal(r, W_, d), normal(r, (F,), d), window), K + 1)
    no_bias = Case(f"{label}, no bias", lambda r, d: (normal(r, X, d), normal(r, W_, d), None, window), K)
    return {
        "conv2d": [bias, no_bias],
        "conv2d_input": [Case(label, lambda r, d: (normal(r, Y, d), normal(r, W_, d), window, X), F * KH * KW)],
        "conv2d_weight": [Case(label, lambda r, d: (normal(r, Y, d), normal(r, X, d), window), P)],
        "im2col": [Case(label, lambda r, d: (normal(r, X, d), window))],
        "col2im": [Case(label, lambda r, d: (normal(r, (N, C, KH, KW, OH, OW), d), window, X), KH * KW)],
    }


CASES: dict[str, list[Case]] = {}
for label, (X, F, geometry) in GEOMETRIES.items():
    for name, cases in passes(label, X, F, geometry).items():
        CASES.setdefault(name, []).extend(cases)
