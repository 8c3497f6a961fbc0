"""Max unpooling: indices all different (repeated ones are in tests/ops/test_unpool.py)."""

import numpy as np

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops import unpool as ops

from . import LAYOUTS, Op, bad, channels_last, fixed, normal, sample

HALVED = np.array([[[[0, 3], [12, 9]], [[5, 2], [8, 15]]]])  # winners of 2x2 windows in 4x4 pictures
TWO = np.concatenate([HALVED, HALVED[:, ::-1]])
OF_5X5 = np.array([[[[6, 3], [10, 24]]]])

OPS = [
    Op(
        ops.max_unpool2d,
        [
            sample("2 x 2", normal(1, 2, 2, 2), fixed(HALVED), 2),
            sample("two pictures", normal(2, 2, 2, 2), fixed(TWO), 2),
            sample("a size that was rounded down", normal(1, 1, 2, 2), fixed(OF_5X5), 2, output_size=(5, 5)),
            sample("the whole shape", normal(1, 1, 2, 2), fixed(OF_5X5), 2, output_size=(1, 1, 5, 5)),
            sample("overlapping", normal(1, 1, 2, 2), fixed([[[[0, 2], [5, 8]]]]), 3, stride=2, padding=1),
            sample("non-square", normal(1, 1, 2, 1), fixed([[[[4], [11]]]]), (2, 3), stride=(2, 1)),
            sample("a single number", normal(1, 1, 1, 1), fixed([[[[0]]]]), 1),
            sample("no pictures", normal(0, 2, 2, 2), fixed(np.zeros((0, 2, 2, 2), int)), 2),
            *[sample(f.__name__, normal(2, 2, 2, 2, layout=f), fixed(TWO), 2) for f in [*LAYOUTS, channels_last]],
        ],
        [
            bad(ShapeError, r"input has shape \(2, 2\); it must be \(N, C, H, W\)", normal(2, 2), fixed([[0]]), 2),
            bad(DTypeError, "indices are float64", normal(1, 1, 1, 1), normal(1, 1, 1, 1), 2),
            bad(ShapeError, r"indices have shape \(1, 2, 2, 2\), input \(2, 2, 2, 2\)", normal(2, 2, 2, 2), HALVED, 2),
            bad(ArgumentError, "contain 4; 2x2 pixels .* to 3", normal(1, 1, 1, 1), fixed([[[[4]]]]), 2),
            bad(ArgumentError, "contain -1; 2x2 pixels", normal(1, 1, 1, 1), fixed([[[[-1]]]]), 2),
            bad(ArgumentError, "kernel_size is 0", normal(1, 1, 1, 1), fixed([[[[0]]]]), 0),
            bad(ArgumentError, "stride is 0", normal(1, 1, 1, 1), fixed([[[[0]]]]), 2, 0),
            bad(ArgumentError, "padding is -1", normal(1, 1, 1, 1), fixed([[[[0]]]]), 2, padding=-1),
            bad(
                *(
                    ShapeError,
                    r"a 1x1 input give an output of 0x0\. OH = \(1 - 1\)\*2 - 2\*1 \+ 1\*\(2 - 1\) \+ 1 \+ 0 = 0\.",
                ),
                *(normal(1, 1, 1, 1), fixed([[[[0]]]]), 2, 2, 1),
            ),
            *[
                bad(
                    *(ArgumentError, r"output_size is .*; it must be \(OH, OW\) with OH less than 2 from 4"),
                    *(normal(1, 2, 2, 2), HALVED, 2),
                    output_size=size,
                )
                for size in ((6, 4), (4, 2), (4,), (4.5, 4), 5)
            ],
        ],
        lambda torch: torch.nn.functional.max_unpool2d,
        linear_in=(0,),
    ),
]
