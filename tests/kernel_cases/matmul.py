"""Matrix products: odd sizes, empty ones, edges of tiles and of blocks, transposed, batches that broadcast."""

from kernel_cases import Case, normal


def case(a, b, transposed=""):
    """transposed: of "a" and "b" those that lie in memory column by column"""
    label = f"{a} @ {b} {transposed}".replace(" ", "")

    def matrix(name, shape, rng, dtype):
        if name not in transposed:
            return normal(rng, shape, dtype)
        return normal(rng, (*shape[:-2], shape[-1], shape[-2]), dtype).swapaxes(-1, -2)

    return Case(label, lambda r, d: (matrix("a", a, r, d), matrix("b", b, r, d)), terms=a[-1])


# The micro-kernel's tiles have 14 or 6 rows, and 4 to 32 columns.
ROWS, COLUMNS, DEPTHS = (5, 6, 7, 13, 14, 15, 29), (3, 4, 8, 9, 16, 17, 31, 32, 33), (1, 2, 5)
TILES = [(M, DEPTHS[(i + j) % 3], N) for i, M in enumerate(ROWS) for j, N in enumerate(COLUMNS)]
BLOCKS = [(127, 3, 65), (55, 2, 129), (2, 511, 3), (2, 512, 3), (3, 513, 2), (1, 1025, 1)]

CASES = {
    "matmul": [
        case((3, 4), (4, 5)),
        case((1, 1), (1, 1)),
        case((17, 33), (33, 9)),
        case((0, 3), (3, 2)),
        case((2, 0), (0, 3)),
        case((2, 3, 4), (4, 5)),
        case((3, 1, 2, 4), (5, 4, 3)),
        *[case((M, K), (K, N)) for M, K, N in TILES + BLOCKS],
        *[case((M, 18), (18, N), kind) for kind in ("a", "b", "ab") for M, N in [(15, 33), (14, 32), (7, 5)]],
        case((2, 513), (513, 3), "ab"),
        *[case((2, 15, 7), (2, 7, 17), kind) for kind in ("", "a", "b", "ab")],
        case((2, 15, 7), (7, 17), "ab"),
    ]
}
