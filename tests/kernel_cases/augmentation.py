"""Pieces, sizes, colours, mixtures and scales of pictures: floats, grey levels, one channel and three, no pictures."""

import numpy as np

from kernel_cases import Case, normal


def pictures(r, shape, dtype):
    """In the range of colours: grey levels of uint8, 0 to 1 of floating point."""
    return r.integers(0, 256, shape).astype(np.uint8) if dtype == np.uint8 else r.random(shape).astype(dtype)


def both(label, build, terms=4):
    """A case with floats and one with grey levels."""
    return [
        Case(label, build, terms),
        Case(f"{label}, grey levels", lambda r, d: build(r, np.dtype(np.uint8)), terms),
    ]


def picked(rows, columns, fill=0.25):
    def arguments(r, dtype):
        N = len(rows)
        return normal(r, (N, 2, 4, 5), dtype), np.array(rows), np.array(columns), fill

    return arguments


def weighted(shape, columns, rows, K):
    """Random weights that sum to 1 at most, some of them 0."""

    def arguments(r, dtype):
        N = shape[0]
        weights = [r.random((N, len(first), K)) for first in (columns, rows)]
        a, b = (w / w.sum(-1, keepdims=True) * (r.random(w.shape) < 0.8) for w in weights)
        firsts = [np.tile(np.array(first, np.int64), (N, 1)) for first in (columns, rows)]
        return pictures(r, shape, dtype), firsts[0], a, firsts[1], b

    return arguments


def jittered(shape, factors):
    """Pictures with every order of changes; among them some of a single colour, black and white."""

    def arguments(r, dtype):
        N = shape[0]
        x = pictures(r, shape, dtype)
        x[: N // 2, :, 0] = x[: N // 2, :1, 0]
        x[: N // 2, :, 1] = 0
        return x, r.random((N, 4)).argsort(1), np.broadcast_to(factors(r, N), (N, 4))

    return arguments


def shifted(shape):
    return lambda r, dtype: (pictures(r, shape, dtype), r.normal(0, 60 if dtype == np.uint8 else 0.2, shape[:2]))


def any_factors(r, N):
    return np.concatenate([r.uniform(0, 3, (N, 3)), r.uniform(-0.5, 0.5, (N, 1))], 1)


CASES = {
    "pick_pixels": [
        Case("a border and a mirror image", picked([[-1, 0, 1], [3, 2, 1]], [[-1, -1, 0, 1, 2], [4, 3, 2, 1, 0]])),
        Case("every column twice", picked([[0, 0, 3, 3]], [[0, 0, 1, 1, 2, 2]])),
        Case("neighbours, then the border", picked([[2]], [[3, 4, 3, 2, -1]])),
        Case("nothing of the picture", picked([[-1, -1]], [[-1, -1, -1]])),
        Case("one pixel", picked([[1]], [[4]])),
        Case("no pictures", lambda r, d: (normal(r, (0, 2, 4, 5), d), *np.zeros((2, 0, 3), int), 0.0)),
        *both("grey", lambda r, d: (pictures(r, (2, 1, 3, 3), d), *np.array([[[0, 2]] * 2, [[-1, 1]] * 2]), 1.0))[1:],
    ],
    "resize": [
        *both("smaller", weighted((2, 3, 7, 6), [0, 1, 3], [0, 2, 4, 4], 3)),
        *both("larger", weighted((1, 1, 3, 4), [0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 1], 2)),
        *both("no pictures", weighted((0, 3, 4, 4), [0, 1], [0], 2)),
    ],
    "jitter_colours": [
        *both("all", jittered((6, 3, 3, 5), any_factors), 24),
        *both("no hue", jittered((3, 3, 3, 5), lambda r, N: [0.5, 1.5, 0, 0]), 24),
        *both("hue alone", jittered((3, 3, 3, 5), lambda r, N: [1, 1, 1, -0.3]), 24),
        *both("grey pictures", jittered((3, 1, 3, 5), any_factors), 24),
        *both("no pictures", jittered((0, 3, 3, 5), any_factors)),
    ],
    "shift_colours": [
        *both("three channels", shifted((2, 3, 4, 5))),
        *both("no pictures", shifted((0, 3, 4, 5))),
    ],
    "standardize": [
        *both("pictures", lambda r, d: (pictures(r, (2, 3, 4, 5), d),), 60),
        *both("of one colour", lambda r, d: (pictures(r, (2, 1, 1, 1), d) * np.ones((2, 1, 3, 3), d),), 9),
        *both("no pictures", lambda r, d: (pictures(r, (0, 1, 3, 3), d),)),
    ],
    "mix_pictures": [
        *both("pictures", lambda r, d: (pictures(r, (3, 2, 4, 5), d), np.array([2, 1, 0]), 0.3)),
        *both("no pictures", lambda r, d: (pictures(r, (0, 2, 4, 5), d), np.zeros(0, int), 0.3)),
    ],
}
