"""Dropout: every kind of key and shape, rates from 0 to 1."""

from kernel_cases import Case, normal

KEYS = {"a key": 0x0123_4567_89AB_CDEF, "key 0": 0, "largest key": 2**64 - 1}
SHAPES = [(3, 5, 7, 9), (1, 1, 1, 1), (0, 3, 4, 4), (41,), (2, 33, 3, 1), (3, 5000)]
RATES = [0.5, 0.0, 1.0, 0.1, 1 / 3, 1 - 1e-12]

CASES = {
    "dropout": [
        Case(f"{label}, {shape}, p={p}", lambda r, d, shape=shape, p=p, key=key: (normal(r, shape, d), p, key))
        for label, key in KEYS.items()
        for shape, p in zip(SHAPES, RATES, strict=True)
        if shape
    ],
}
