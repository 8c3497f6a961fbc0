"""Rounding errors of the convolution algorithms in float32 against sums in float64: a table for performance.md.

    python docs/measure_errors.py

Pictures are what a ReLU leaves of normal numbers, filters have He's size, dy is normal.
"""

import numpy as np

from tinyconv import kernels
from tinyconv.geometry import Window

WINDOW = Window((3, 3), padding=((1, 1), (1, 1)))
ALGORITHMS = ("direct", "rows", "F2", "F3", "F4")
LAYERS = ((64, 28, 8), (256, 14, 8))  # channels and filters, height and width, pictures


def passes(C: int, size: int, N: int):
    """What each pass computes, as a function of the algorithm; and the same in float64, by the definition."""
    rng = np.random.default_rng(C)
    x = np.maximum(rng.standard_normal((N, C, size, size)), 0).astype(np.float32)
    w = (rng.standard_normal((C, C, 3, 3)) * np.sqrt(2 / (9 * C))).astype(np.float32)
    dy = rng.standard_normal((N, C, size, size)).astype(np.float32)
    given = {
        "y": (kernels.conv2d, (x, w, None, WINDOW, False)),
        "dx": (kernels.conv2d_input, (dy, w, WINDOW, x.shape)),
        "dw": (kernels.conv2d_weight, (dy, x, WINDOW)),
    }
    for name, (kernel, arguments) in given.items():
        exact = kernel.definition(*(a.astype(np.float64) if isinstance(a, np.ndarray) else a for a in arguments))
        yield name, lambda algorithm, kernel=kernel, arguments=arguments: kernel(*arguments, algorithm), exact


def main() -> None:
    print(f"| | {' | '.join(ALGORITHMS)} |", "|---" * (len(ALGORITHMS) + 1) + "|", sep="\n")
    for C, size, N in LAYERS:
        for name, compute, exact in passes(C, size, N):
            cells = []
            for algorithm in ALGORITHMS:
                error = compute(algorithm) - exact
                of_size = np.linalg.norm(error) / np.linalg.norm(exact), np.abs(error).max() / np.abs(exact).max()
                cells.append("{:.1f}, {:.1f}".format(*(1e7 * e for e in of_size)))
            print(f"| {C} channels, `{name}` | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
