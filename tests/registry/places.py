"""Places in memory: repeated ones, and none."""

import numpy as np

from tinyconv.ops import places as ops

from . import LAYOUTS, Op, normal, sample

PLACE = np.array([[5, 0, -1], [5, 23, 7]])

OPS = [
    Op(
        ops.from_places,
        [
            sample("repeated, and none", normal(2, 3, 4), PLACE),
            sample("nothing", normal(2, 3), np.zeros((0, 2), int)),
            *[sample(f.__name__, normal(2, 3, 4, layout=f), PLACE) for f in LAYOUTS],
        ],
        linear_in=(0,),
    ),
    Op(
        ops.to_places,
        [
            sample("repeated, and none", normal(2, 3), PLACE, (2, 3, 4)),
            sample("nothing", normal(0, 2), np.zeros((0, 2), int), (2, 3)),
            *[sample(f.__name__, normal(2, 3, layout=f), PLACE, (2, 3, 4)) for f in LAYOUTS],
        ],
        linear_in=(0,),
    ),
]
