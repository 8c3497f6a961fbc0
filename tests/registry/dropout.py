"""Dropout. PyTorch draws other masks, so it is no twin where anything is dropped."""

from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.ops.dropout import dropout, dropout2d

from . import LAYOUTS, Op, bad, channels_last, normal, sample

OPS = [
    Op(
        dropout,
        [
            sample("a half", normal(3, 5)),
            sample("pictures", normal(2, 3, 2, 2), 0.2),
            sample("nothing dropped", normal(3, 4), 0.0),
            sample("everything dropped", normal(3, 4), 1.0),
            sample("evaluation", normal(3, 4), training=False),
            sample("0-d", normal()),
            sample("empty", normal(0, 3)),
            *[sample(f.__name__, normal(2, 3, 2, 4, layout=f), 0.3) for f in [*LAYOUTS, channels_last]],
        ],
        [bad(ArgumentError, "p is 1.5; a probability lies between 0 and 1", normal(3), 1.5)],
        linear_in=(0,),
    ),
    Op(
        dropout2d,
        [
            sample("a half", normal(3, 5, 2, 2)),
            sample("another rate", normal(2, 3, 1, 3), 0.2),
            sample("one channel", normal(1, 1, 3, 3), 0.2),
            sample("nothing dropped", normal(3, 4, 2, 2), 0.0),
            sample("everything dropped", normal(3, 4, 2, 2), 1.0),
            sample("evaluation", normal(3, 4, 2, 2), training=False),
            sample("empty", normal(0, 3, 2, 2)),
            *[sample(f.__name__, normal(2, 3, 2, 4, layout=f), 0.3) for f in [*LAYOUTS, channels_last]],
        ],
        [
            bad(ArgumentError, "p is -1; a probability lies between 0 and 1", normal(1, 1, 2, 2), -1),
            bad(ShapeError, r"input has shape \(3, 4\); it must be \(N, C, H, W\)", normal(3, 4)),
        ],
        linear_in=(0,),
    ),
]
