"""Matrix products: odd sizes, empty ones, batch dimensions that broadcast."""

from kernel_cases import Case, normal


def case(a, b):
    label = f"{a} @ {b}".replace(" ", "")
    return Case(label, lambda rng, dtype: (normal(rng, a, dtype), normal(rng, b, dtype)), terms=a[-1])


CASES = {
    "matmul": [
        case((3, 4), (4, 5)),
        case((1, 1), (1, 1)),
        case((17, 33), (33, 9)),
        case((0, 3), (3, 2)),
        case((2, 0), (0, 3)),
        case((2, 3, 4), (4, 5)),
        case((3, 1, 2, 4), (5, 4, 3)),
    ]
}
