"""Regions of interest: boxes inside and outside, in one table and in one for each picture, empty ones, ties."""

import numpy as np

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops import roi as ops

from . import LAYOUTS, Op, bad, channels_last, constant, few, fixed, normal, sample
from .pool import COMPLEX_NUMBERS

BOXES = constant([[0.0, 0.6, 0.9, 4.2, 5.3], [1.0, 2.2, -3.1, 9.4, 5.7], [1.0, 0.0, 0.3, 2.6, 2.1]])
EACH = [constant([[0.6, 0.9, 4.2, 5.3]]), constant([[2.2, -3.1, 9.4, 5.7], [0.0, 0.3, 2.6, 2.1]])]
POINT = constant([[0.0, 1.3, 2.1, 1.3, 2.1]])
FAR = constant([[0.0, 30.3, -20.1, 40.3, -15.1]])
NONE = constant(np.empty((0, 5)))

SAMPLES = [
    sample("boxes of two pictures", normal(2, 2, 6, 5), BOXES, (2, 3)),
    sample("one table for each picture", normal(2, 2, 6, 5), EACH, (2, 3)),
    sample("half the size", normal(2, 1, 3, 4), BOXES, 2, spatial_scale=0.5),
    sample("more bins than pixels", normal(2, 1, 3, 2), BOXES, (4, 5), 0.5),
    sample("a point", normal(1, 2, 4, 5), POINT, 2),
    sample("far outside", normal(1, 2, 4, 5), FAR, 2),
    sample("one pixel", normal(2, 1, 1, 1), BOXES, 2),
    sample("no boxes", normal(1, 2, 4, 5), NONE, 2),
    sample("no pictures", normal(0, 2, 4, 5), [], 2),
    *[sample(f.__name__, normal(2, 2, 6, 5, layout=f), BOXES, 2) for f in [*LAYOUTS, channels_last]],
]
X = normal(2, 1, 4, 4)
ERRORS = [
    bad(ShapeError, r"input has shape \(4, 4\); it must be \(N, C, H, W\)", normal(4, 4), BOXES, 2),
    bad(ShapeError, r"boxes have shape \(1, 4\); they must be \(R, 5\): \(n, x1", X, fixed([[0, 0, 1, 1]]), 2),
    bad(ShapeError, r"boxes have shape \(4,\); they must be \(R, 4\)", X, [fixed([0, 0, 1, 1])] * 2, 2),
    bad(ShapeError, "boxes are for 1 pictures, input has 2", X, [fixed([[0, 0, 1, 1]])], 2),
    bad(ArgumentError, "boxes name picture 2; a batch of 2 has", X, fixed([[2, 0, 0, 1, 1]]), 2),
    bad(ArgumentError, "boxes name picture 0.5", X, constant([[0.5, 0, 0, 1, 1]]), 2),
    *[
        bad(ArgumentError, "boxes contain NaN, or a coordinate of 16777216 or more", X, constant([[0, 0, 0, 1, v]]), 2)
        for v in (np.inf, -1e30, np.nan)
    ],
    bad(ArgumentError, r"box 1 is \(0, 2, 3, 1\)", X, fixed([[0, 0, 0, 1, 1], [0, 0, 2, 3, 1]]), 2),
    bad(ArgumentError, "output_size is 0", X, BOXES, 0),
    bad(ArgumentError, "spatial_scale is 0; it must be a number above 0", X, BOXES, 2, 0),
    bad(ArgumentError, "spatial_scale is '1'", X, BOXES, 2, "1"),
]

OPS = [
    Op(
        ops.roi_pool,
        [*SAMPLES, sample("ties", few(2, 2, 6, 5), BOXES, 2, kinks=True)],
        [*ERRORS, bad(DTypeError, "not defined for complex numbers", COMPLEX_NUMBERS, BOXES, 2)],
    ),
    Op(
        ops.roi_align,
        [
            *SAMPLES,
            sample("two points a side", normal(2, 2, 6, 5), BOXES, (2, 3), sampling_ratio=2),
            sample("aligned", normal(2, 2, 6, 5), BOXES, (2, 3), aligned=True),
            sample("aligned, a point", normal(1, 1, 4, 5), POINT, 2, aligned=True),
        ],
        [
            *ERRORS,
            bad(ArgumentError, "sampling_ratio is 0; it must be a whole number above 0, or -1", X, BOXES, 2, 1.0, 0),
            bad(ArgumentError, "sampling_ratio is 1.5", X, BOXES, 2, 1.0, 1.5),
        ],
        linear_in=(0,),
    ),
]
