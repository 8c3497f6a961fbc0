"""Batch normalisation: pictures, sequences and vectors, one channel, far-off means, constant channels."""

import numpy as np

from kernel_cases import Case, normal

SHAPES = {
    "pictures": (4, 3, 5, 7),
    "LeNet's first": (5, 6, 28, 28),
    "sequences": (3, 4, 9),
    "vectors": (13, 5),
    "one channel": (3, 1, 4, 4),
    "one picture": (1, 5, 3, 3),
    "one pixel": (9, 4, 1, 1),
    "more channels than values": (2, 40, 1, 1),
    "a prime number of pixels": (1, 7, 1, 31),
    "channels that fill no vector": (4, 33, 4, 3),
}
EPS = 1e-5


def statistics(rng, C, dtype):
    """Any mean, a variance above 0, weight and bias."""
    mean, weight, bias = (normal(rng, (C,), dtype) for _ in range(3))
    return mean, (0.5 + rng.random(C)).astype(dtype), weight, bias


def stats(label, X, shift=0.0, scale=1.0):
    return Case(label, lambda r, d: ((shift + scale * normal(r, X, np.float64)).astype(d),), X[0] + 4)


def forward(label, X):
    return Case(label, lambda r, d: (normal(r, X, d), *statistics(r, X[1], d), EPS), 4)


def fused_forward(label, X, residual, relu):
    def arguments(rng, dtype):
        added = normal(rng, X, dtype) if residual else None
        return normal(rng, X, dtype), *statistics(rng, X[1], dtype), EPS, added, relu

    return Case(f"{label}, residual={residual}, relu={relu}", arguments, 4)


def backward(label, X, *fused):
    def arguments(rng, dtype):
        mean, var, weight, _ = statistics(rng, X[1], dtype)
        return normal(rng, X, dtype), normal(rng, X, dtype), mean, var, weight, EPS, *more(rng, dtype)

    def more(rng, dtype):
        if not fused:
            return ()
        relu, residual = fused
        return np.maximum(normal(rng, X, dtype), 0) if relu else None, residual

    name = f"{label}, relu={fused[0]}, residual={fused[1]}" if fused else label
    return Case(name, arguments, X[0] * int(np.prod(X[2:])))


FUSED = [
    (label, X, a, b)
    for label, X in {"fused": (3, 5, 4, 3), "fused vectors": (9, 5), "fused, one channel": (2, 1, 3, 3)}.items()
    for a in (True, False)
    for b in (True, False)
]


CASES = {
    "batch_norm_stats": [
        *[stats(label, X) for label, X in SHAPES.items()],
        stats("mean 1e4", (8, 3, 9, 9), shift=1e4),
        stats("constant", (4, 2, 3, 3), shift=7.0, scale=0.0),
    ],
    "batch_norm": [
        *[forward(label, X) for label, X in SHAPES.items()],
        forward("no pictures", (0, 3, 5, 7)),
        *[fused_forward(*arguments) for arguments in FUSED],
    ],
    "batch_norm_input": [
        *[backward(label, X) for label, X in SHAPES.items()],
        *[backward(*arguments) for arguments in FUSED],
    ],
}
