"""Sums of two arrays: small ones, and some large enough for threads."""

from kernel_cases import Case, normal

CASES = {
    "add": [
        Case(f"{X}", lambda r, d, X=X: (normal(r, X, d), normal(r, X, d)))
        for X in [(2, 3, 4, 5), (), (7,), (0, 3), (3, 5, 37, 41), (130, 129)]
    ],
}
