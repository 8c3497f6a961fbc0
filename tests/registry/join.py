"""Joining and cutting."""

from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.ops import join as ops

from . import LAYOUTS, Op, bad, normal, sample

OPS = [
    Op(
        ops.cat,
        [
            sample("rows", [normal(2, 3), normal(4, 3)]),
            sample("columns", [normal(2, 3), normal(2, 1), normal(2, 2)], dim=1),
            sample("from the end", [normal(2, 3), normal(2, 1)], dim=-1),
            sample("one", [normal(2, 3)]),
            sample("with nothing", [normal(0, 3), normal(2, 3)]),
            *[sample(f.__name__, [normal(2, 4, layout=f), normal(3, 4)]) for f in LAYOUTS],
        ],
        [
            bad(ArgumentError, "needs a list of at least one tensor", []),
            bad(ArgumentError, "needs a list of at least one tensor", normal(2)),
            bad(ShapeError, r"\[\(2, 3\), \(2, 4\)\] differ in more than axis 0", [normal(2, 3), normal(2, 4)]),
            bad(ShapeError, "dim 2 is out of range", [normal(2, 3)], 2),
        ],
        lambda torch: torch.cat,
        linear_in=(0,),
    ),
    Op(
        ops.stack,
        [
            sample("first", [normal(2, 3), normal(2, 3)]),
            sample("last", [normal(2, 3), normal(2, 3)], dim=-1),
            sample("0-d", [normal(), normal(), normal()]),
            *[sample(f.__name__, [normal(2, 4, layout=f), normal(2, 4)], dim=1) for f in LAYOUTS],
        ],
        [
            bad(ArgumentError, "needs a list of at least one tensor", []),
            bad(ShapeError, r"\[\(2,\), \(3,\)\] must all be equal", [normal(2), normal(3)]),
        ],
        lambda torch: torch.stack,
        linear_in=(0,),
    ),
    Op(
        ops.split,
        [
            sample("a remainder", normal(5, 2), 2),
            sample("sizes", normal(2, 5), [1, 0, 4], dim=1),
            sample("one piece", normal(3), 7),
            sample("nothing", normal(0, 2), 2),
            *[sample(f.__name__, normal(3, 4, layout=f), 2, dim=1) for f in LAYOUTS],
        ],
        [
            bad(ArgumentError, "split_size is 0", normal(3), 0),
            bad(ArgumentError, r"sizes \[1, 1\] do not add up to 3", normal(3), [1, 1]),
            bad(ShapeError, "dim 1 is out of range", normal(3), 1, dim=1),
        ],
        lambda torch: torch.split,
        linear_in=(0,),
    ),
]
