"""Pooling to a given size: bins alike and not, more of them than pixels, ties."""

from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from tinyconv.ops import adaptive_pool as ops

from . import LAYOUTS, Op, bad, channels_last, few, normal, sample
from .pool import COMPLEX_NUMBERS

BINS = [
    sample("overlapping bins", normal(2, 2, 7, 5), (3, 2)),
    sample("equal bins", normal(1, 2, 6, 4), (3, 2)),
    sample("equal in one direction", normal(1, 2, 6, 5), (3, 2)),
    sample("more bins than pixels", normal(1, 1, 2, 3), 4),
    sample("one bin", normal(2, 3, 4, 5), 1),
    sample("rows as they are", normal(1, 2, 3, 5), (None, 2)),
    sample("all as it is", normal(1, 2, 3, 4), (None, None)),
    sample("a single number", normal(1, 1, 1, 1), 1),
    sample("no pictures", normal(0, 2, 4, 5), 3),
    *[sample(f.__name__, normal(2, 2, 5, 4, layout=f), 3) for f in [*LAYOUTS, channels_last]],
]
ERRORS = [
    bad(ShapeError, r"input has shape \(4, 4\); it must be \(N, C, H, W\)", normal(4, 4), 2),
    bad(ShapeError, r"input has shape \(1, 1, 0, 4\); a picture needs at least one pixel", normal(1, 1, 0, 4), 2),
    bad(ArgumentError, "output_size is 0; it must be a whole number of at least 1", normal(1, 1, 4, 4), 0),
    bad(ArgumentError, "output_size is 1.5", normal(1, 1, 4, 4), (2, 1.5)),
    bad(ArgumentError, r"output_size is \(1, 2, 3\); it must be a number, a pair", normal(1, 1, 4, 4), (1, 2, 3)),
]

OPS = [
    Op(
        ops.adaptive_max_pool2d,
        [
            *BINS,
            sample("ties", few(2, 2, 5, 7), (2, 3), kinks=True),
            sample("indices", normal(2, 2, 7, 5), (3, 2), return_indices=True),
            sample("indices, equal bins", normal(1, 2, 6, 4), 2, return_indices=True),
        ],
        [*ERRORS, bad(DTypeError, "not defined for complex numbers", COMPLEX_NUMBERS, 2)],
        lambda torch: torch.nn.functional.adaptive_max_pool2d,
    ),
    Op(ops.adaptive_avg_pool2d, BINS, ERRORS, lambda torch: torch.nn.functional.adaptive_avg_pool2d, linear_in=(0,)),
    Op(
        ops.spatial_pyramid_pool2d,
        [
            sample("three levels", normal(2, 2, 7, 5), (4, 2, 1)),
            sample("one level", normal(1, 3, 4, 4), [2]),
            sample("means", normal(2, 2, 5, 6), (3, 1), mode="avg"),
            sample("ties", few(1, 2, 5, 5), (3, 2), kinks=True),
            sample("no pictures", normal(0, 2, 4, 5), (2, 1)),
            *[sample(f.__name__, normal(2, 2, 5, 4, layout=f), (3, 1)) for f in [*LAYOUTS, channels_last]],
        ],
        [
            *ERRORS[:2],
            bad(ArgumentError, r"levels is \(\); it must be whole numbers", normal(1, 1, 4, 4), ()),
            bad(ArgumentError, r"levels is \(2, 0\)", normal(1, 1, 4, 4), (2, 0)),
            bad(ArgumentError, "levels is 3", normal(1, 1, 4, 4), 3),
            bad(UnknownNameError, "no mode 'mean'", normal(1, 1, 4, 4), (2,), mode="mean"),
            bad(DTypeError, "not defined for complex numbers", COMPLEX_NUMBERS, (2,)),
        ],
        lambda torch: lambda x, levels, mode="max": pyramid_in_torch(torch, x, levels, mode),
    ),
]


def pyramid_in_torch(torch, x, levels, mode):
    pool = getattr(torch.nn.functional, f"adaptive_{mode}_pool2d")
    return torch.cat([pool(x, k).flatten(1) for k in levels], 1)
