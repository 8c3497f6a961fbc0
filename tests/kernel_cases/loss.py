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


CASES = {
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
    ]
}
