"""Pooling of sequences."""

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops import pool1d as ops

from . import LAYOUTS, Op, bad, few, normal, sample
from .pool import COMPLEX_NUMBERS

WINDOWS = [
    sample("halves", normal(2, 3, 8), 2),
    sample("odd length", normal(1, 2, 7), 2),
    sample("overlapping", normal(2, 1, 7), 3, stride=2, padding=1),
    sample("rounded up", normal(1, 2, 8), 3, 3, 1, ceil_mode=True),
    sample("as long as the sequence", normal(1, 1, 5), 5),
    sample("no sequences", normal(0, 2, 4), 2),
    *[sample(f.__name__, normal(2, 2, 6, layout=f), 2) for f in LAYOUTS],
]
BINS = [
    sample("overlapping bins", normal(2, 2, 7), 3),
    sample("equal bins", normal(1, 3, 6), 3),
    sample("more bins than numbers", normal(1, 1, 3), 5),
    sample("one bin", normal(2, 1, 4), 1),
    sample("no sequences", normal(0, 2, 4), 2),
    *[sample(f.__name__, normal(2, 2, 7, layout=f), 2) for f in LAYOUTS],
]
NO_SEQUENCE = [
    bad(ShapeError, r"input has shape \(4, 4\); it must be \(N, C, L\)", normal(4, 4), 2),
    bad(ShapeError, r"input has shape \(1, 1, 0\); a sequence needs at least one number", normal(1, 1, 0), 1),
]
WINDOW_ERRORS = [
    *NO_SEQUENCE,
    bad(ShapeError, "a 1x5 window .* does not fit a 1x4 input", normal(1, 1, 4), 5),
    bad(ArgumentError, r"padding \(0, 2\) is more than half of \(1, 3\)", normal(1, 1, 4), 3, padding=2),
    bad(ArgumentError, "kernel_size is 0", normal(1, 1, 4), 0),
    bad(ArgumentError, "stride is 0", normal(1, 1, 4), 2, stride=0),
    bad(ArgumentError, "padding is -1", normal(1, 1, 4), 2, padding=-1),
]
BIN_ERRORS = [
    *NO_SEQUENCE,
    bad(ArgumentError, "output_size is 0; .* at least 1", normal(1, 1, 4), 0),
    bad(ArgumentError, "output_size is None", normal(1, 1, 4), None),
]

OPS = [
    Op(
        ops.max_pool1d,
        [
            *WINDOWS,
            sample("dilation", normal(1, 2, 9), 2, dilation=3),
            sample("ties", few(2, 2, 9), 3, stride=2, padding=1, kinks=True),
            sample("indices", normal(2, 2, 7), 3, stride=2, padding=1, return_indices=True),
        ],
        [
            *WINDOW_ERRORS,
            bad(ArgumentError, "dilation is 0", normal(1, 1, 4), 2, dilation=0),
            bad(DTypeError, "not defined for complex numbers", COMPLEX_NUMBERS, 2),
        ],
        lambda torch: torch.nn.functional.max_pool1d,
    ),
    Op(
        ops.avg_pool1d,
        [*WINDOWS, sample("border not counted", normal(1, 2, 8), 3, 3, 1, ceil_mode=True, count_include_pad=False)],
        WINDOW_ERRORS,
        lambda torch: torch.nn.functional.avg_pool1d,
        linear_in=(0,),
    ),
    Op(
        ops.adaptive_max_pool1d,
        [
            *BINS,
            sample("ties", few(2, 2, 9), 4, kinks=True),
            sample("indices", normal(2, 2, 7), 3, return_indices=True),
            sample("indices, equal bins", normal(2, 2, 6), 3, return_indices=True),
        ],
        [*BIN_ERRORS, bad(DTypeError, "not defined for complex numbers", COMPLEX_NUMBERS, 2)],
        lambda torch: torch.nn.functional.adaptive_max_pool1d,
    ),
    Op(
        ops.adaptive_avg_pool1d, BINS, BIN_ERRORS, lambda torch: torch.nn.functional.adaptive_avg_pool1d, linear_in=(0,)
    ),
]
