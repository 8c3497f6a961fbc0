"""Matrix products."""

import numpy as np

from tinyconv.errors import DTypeError, ShapeError
from tinyconv.ops.matmul import linear, matmul

from . import LAYOUTS, Draw, Op, bad, normal, sample


def single(*shape):
    """float32, whatever the others are."""
    return Draw(lambda rng: np.ones(shape), layout=lambda x: x.astype(np.float32))


OPS = [
    Op(
        matmul,
        [
            sample("two matrices", normal(3, 5), normal(5, 2)),
            sample("a batch", normal(2, 3, 4), normal(2, 4, 1)),
            sample("batches that broadcast", normal(3, 1, 2, 4), normal(2, 4, 3)),
            sample("a batch and a matrix", normal(2, 3, 4), normal(4, 2)),
            sample("two vectors", normal(4), normal(4)),
            sample("a vector on the left", normal(4), normal(2, 4, 3)),
            sample("a vector on the right", normal(2, 3, 4), normal(4)),
            sample("no rows", normal(0, 3), normal(3, 2)),
            sample("an empty sum", normal(2, 0), normal(0, 3)),
            *[sample(f.__name__, normal(3, 4, layout=f), normal(4, 2, layout=f)) for f in LAYOUTS],
        ],
        [
            bad(ShapeError, r"\(2, 3\) @ \(2, 3\): 3 columns on the left, 2 rows", normal(2, 3), normal(2, 3)),
            bad(ShapeError, "the leading axes do not broadcast", normal(2, 3, 4), normal(3, 4, 2)),
            bad(ShapeError, r"numbers are multiplied with \*", normal(), normal(2, 2)),
            bad(DTypeError, "float64 and float32", normal(2, 3), single(3, 2)),
        ],
        lambda torch: torch.matmul,
        linear_in=(0, 1),
    ),
    Op(
        linear,
        [
            sample("with bias", normal(3, 4), normal(2, 4), normal(2)),
            sample("without bias", normal(3, 4), normal(2, 4)),
            sample("one vector", normal(4), normal(2, 4), normal(2)),
            sample("leading axes", normal(2, 3, 4), normal(1, 4), normal(1)),
            sample("no rows", normal(0, 4), normal(2, 4), normal(2)),
            *[sample(f.__name__, normal(3, 4, layout=f), normal(2, 4, layout=f), normal(2)) for f in LAYOUTS],
        ],
        [
            bad(ShapeError, r"weight is \(4,\)", normal(3, 4), normal(4)),
            bad(
                ShapeError,
                "has 4 features, weight .* expects 5. Set in_features=4",
                normal(3, 4),
                normal(2, 5),
            ),
            bad(
                ShapeError,
                r"bias is \(3,\); weight \(2, 4\) needs \(2,\)",
                normal(3, 4),
                normal(2, 4),
                normal(3),
            ),
            bad(DTypeError, "float64 and float32", normal(4, 2), single(3, 2)),
        ],
        lambda torch: torch.nn.functional.linear,
        linear_in=(0, 1, 2),
    ),
]
