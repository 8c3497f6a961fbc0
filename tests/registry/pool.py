"""Pooling in every geometry, with ties."""

import numpy as np

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.geometry import Window
from tinyconv.ops import pool as ops

from . import LAYOUTS, Draw, Op, bad, channels_last, few, normal, sample

GEOMETRIES = {  # label: input, kernel_size, options
    "2 x 2": ((2, 2, 4, 6), 2, {}),
    "odd picture": ((1, 2, 5, 7), 2, {}),
    "overlapping": ((1, 2, 5, 6), 3, dict(stride=2, padding=1)),
    "stride 1": ((1, 1, 4, 5), 2, dict(stride=1)),
    "non-square": ((2, 1, 6, 5), (2, 3), dict(stride=(3, 1), padding=(0, 1))),
    "stride beyond the window": ((1, 2, 7, 8), 2, dict(stride=(5, 3))),
    "as large as the picture": ((2, 2, 3, 4), (3, 4), {}),
    "a single number": ((1, 1, 1, 1), 1, {}),
    "no pictures": ((0, 2, 4, 4), 2, {}),
}


def samples(**options):
    return [
        *[sample(label, normal(*X), size, **{**o, **options}) for label, (X, size, o) in GEOMETRIES.items()],
        *[sample(f.__name__, normal(2, 2, 4, 6, layout=f), 3, stride=2, **options) for f in [*LAYOUTS, channels_last]],
    ]


ERRORS = [
    bad(ShapeError, r"input has shape \(4, 4\); it must be \(N, C, H, W\)", normal(4, 4), 2),
    bad(ShapeError, r"input has shape \(1, 1, 4, 0\); a picture needs at least one pixel", normal(1, 1, 4, 0), 2),
    bad(ShapeError, "a 3x3 window with stride 3, padding 0 does not fit a 2x2 input", normal(1, 1, 2, 2), 3),
    bad(ArgumentError, "padding 2 is more than half", normal(1, 1, 4, 4), 2, padding=2),
    bad(ArgumentError, "kernel_size is 0", normal(1, 1, 4, 4), 0),
    bad(ArgumentError, "stride is 1.5", normal(1, 1, 4, 4), 2, stride=1.5),
    bad(
        ShapeError,
        "a 5x5 window with stride 1, padding 0 does not fit a 4x4 input",
        *(normal(1, 1, 4, 4), 5, 1),
        ceil_mode=True,
    ),
]
NO_DIVISOR = [
    bad(ArgumentError, "divisor_override is 0; .* at least 1", normal(1, 1, 4, 4), 2, divisor_override=0),
    bad(ArgumentError, "divisor_override is 1.5", normal(1, 1, 4, 4), 2, divisor_override=1.5),
]
COMPLEX_NUMBERS = Draw(lambda rng: np.ones((1, 1, 2, 2)) * 1j)
COMPLEX = bad(DTypeError, "not defined for complex numbers", COMPLEX_NUMBERS, 2)

WINNERS = np.random.default_rng(1).integers(0, 4, (1, 2, 2, 3)).astype(np.uint8)

OPS = [
    Op(
        ops.max_pool2d_input,
        [
            sample("2 x 2", normal(1, 2, 2, 3), WINNERS, Window((2, 2), (2, 2)), (1, 2, 4, 6)),
            sample("overlapping", normal(1, 2, 2, 3), WINNERS, Window((2, 2), (1, 1)), (1, 2, 3, 4)),
        ],
        linear_in=(0,),
    ),
    Op(
        ops.avg_pool2d_input,
        [
            sample("2 x 2", normal(1, 2, 2, 3), Window((2, 2), (2, 2)), 4, (1, 2, 4, 6)),
            sample("odd picture", normal(2, 1, 2, 2), Window((2, 2), (2, 2)), 3, (2, 1, 5, 4)),
            sample("overlapping", normal(1, 2, 2, 3), Window((2, 2), (1, 1)), 4, (1, 2, 3, 4)),
        ],
        linear_in=(0,),
    ),
    Op(
        ops.max_pool2d,
        [
            *samples(),
            sample("dilation", normal(1, 2, 7, 6), 2, stride=2, dilation=(3, 2)),
            sample("ties", few(2, 2, 5, 6), 3, stride=2, padding=1, kinks=True),
            sample("rounded up", normal(2, 1, 6, 5), 2, stride=3, padding=1, ceil_mode=True),
            sample("rounded up, dilation", normal(1, 2, 7, 8), 2, stride=2, dilation=(2, 3), ceil_mode=True),
            sample("indices", normal(1, 2, 5, 6), 3, stride=2, padding=1, return_indices=True),
            sample("indices, rounded up", normal(2, 1, 5, 6), 2, ceil_mode=True, return_indices=True),
        ],
        [*ERRORS, COMPLEX, bad(ArgumentError, "dilation is 0", normal(1, 1, 4, 4), 2, dilation=0)],
        lambda torch: torch.nn.functional.max_pool2d,
    ),
    Op(
        ops.avg_pool2d,
        [
            *samples(),
            sample("border not counted", normal(1, 2, 5, 6), 3, stride=2, padding=1, count_include_pad=False),
            sample("rounded up", normal(2, 1, 6, 5), 2, stride=3, padding=1, ceil_mode=True),
            sample(
                *("rounded up, border not counted", normal(1, 2, 6, 5), 2, 3, 1),
                ceil_mode=True,
                count_include_pad=False,
            ),
            sample("rounded up, windows beyond the border", normal(1, 2, 6, 7), 3, 2, 1, ceil_mode=True),
            sample("another divisor", normal(1, 2, 5, 6), 2, divisor_override=3),
        ],
        [*ERRORS, *NO_DIVISOR],
        lambda torch: torch.nn.functional.avg_pool2d,
        linear_in=(0,),
    ),
]
