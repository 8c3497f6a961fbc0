"""Norms of many arrays: every shape, none at all, and more than one chunk."""

from kernel_cases import Case
from kernel_cases.optim import ALL, arrays

CASES = {
    "vector_norms": [
        *[Case(label, lambda r, d, shapes=shapes: (arrays(r, shapes, d),)) for label, shapes in ALL.items()],
        Case("nothing", lambda r, d: (arrays(r, [(0, 3)], d),)),
        Case("large", lambda r, d: ([1e30 * a for a in arrays(r, [(50,)], d)],)),
    ],
}
