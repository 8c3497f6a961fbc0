"""Losses: one-hot and mixed targets, large and infinite logits, one class, no samples."""

import numpy as np

from kernel_cases import Case, normal


def one_hot(rng, N, K, dtype):
    return np.eye(K, dtype=dtype)[rng.integers(0, K, N)]


def probabilities(rng, N, K, dtype):
    return rng.dirichlet(np.ones(K), N).astype(dtype)


def some_impossible(rng, dtype):
    """Logits of which the target's is never -inf."""
    x, t = normal(rng, (9, 5), dtype), one_hot(rng, 9, 5, dtype)
    x[(t == 0) & (rng.random((9, 5)) < 0.5)] = -np.inf
    return x, t


def labels(rng, N, K):
    return rng.integers(0, K, N)


def special(values):
    """Rows of nothing but these logits."""
    return Case(
        f"of {values}",
        lambda r, d: (r.choice(np.array(values, d), (16, 5)), labels(r, 16, 5)),
        5,
    )


SIZES = {
    "a few": (7, 10),
    "one sample": (1, 3),
    "one class": (4, 1),
    "many classes": (3, 1000),
    "a row of vectors and a rest": (2, 67),
    "no samples": (0, 10),
}

CASES = {
    "cross_entropy_labels": [
        *[Case(label, lambda r, d, X=X: (normal(r, X, d), labels(r, *X)), X[1]) for label, X in SIZES.items()],
        Case("large", lambda r, d: (1e4 * normal(r, (6, 5), d), labels(r, 6, 5)), 5),
        Case("int32 labels", lambda r, d: (normal(r, (6, 5), d), labels(r, 6, 5).astype(np.int32)), 5),
        special([-1e30, -1.0, -0.0, 0.0, 1e-30]),
        special([-1e38, 1e38]),
    ],
    "cross_entropy_labels_input": [
        Case(
            label,
            lambda r, d, X=X: (normal(r, X[:1], d), probabilities(r, *X, d), labels(r, *X)),
        )
        for label, X in SIZES.items()
    ],
    "cross_entropy": [
        Case("one-hot", lambda r, d: (normal(r, (7, 10), d), one_hot(r, 7, 10, d)), 10),
        Case("probabilities", lambda r, d: (normal(r, (5, 4), d), probabilities(r, 5, 4, d)), 8),
        Case("any targets", lambda r, d: (normal(r, (5, 4), d), normal(r, (5, 4), d)), 8),
        Case("one sample", lambda r, d: (normal(r, (1, 3), d), one_hot(r, 1, 3, d)), 3),
        Case("one class", lambda r, d: (normal(r, (4, 1), d), one_hot(r, 4, 1, d)), 1),
        Case("many classes", lambda r, d: (normal(r, (3, 1000), d), one_hot(r, 3, 1000, d)), 1000),
        Case("no samples", lambda r, d: (normal(r, (0, 10), d), one_hot(r, 0, 10, d))),
        Case("large", lambda r, d: (1e4 * normal(r, (6, 5), d), one_hot(r, 6, 5, d)), 5),
        Case("some logits -inf", some_impossible, 5),
    ],
}
