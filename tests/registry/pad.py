"""Borders of every mode, as wide as they can be."""

from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError
from tinyconv.ops import pad as ops

from . import LAYOUTS, Op, bad, channels_last, normal, sample

MODES = ("reflect", "replicate", "circular")
WIDTHS = ((0, 0), (0, 0), (1, 2), (0, 2))  # of pad_input, for each axis

OPS = [
    Op(
        ops.pad,
        [
            sample("all around", normal(1, 2, 3, 4), (1, 2, 3, 0)),
            sample("last axis", normal(2, 3), (1, 1)),
            sample("a value", normal(2, 3), (0, 1, 2, 0), value=2.5),
            sample("nothing", normal(2, 3), (0, 0)),
            sample("around nothing", normal(0, 3), (1, 1)),
            *[sample(f.__name__, normal(3, 4, layout=f), (1, 0, 0, 2)) for f in LAYOUTS],
            *[sample(mode, normal(2, 1, 5, 4), (1, 3, 2, 0), mode) for mode in MODES],
            *[sample(f"{mode}, one axis", normal(1, 3, 5), (2, 1), mode) for mode in MODES],
            *[sample(f"{mode}, no pictures", normal(0, 2, 3, 3), (1, 1, 1, 1), mode) for mode in MODES],
            sample("reflect, the whole picture", normal(1, 1, 3, 2), (1, 1, 2, 2), "reflect"),
            sample("replicate, a single number", normal(1, 1, 1, 1), (3, 2, 1, 4), "replicate"),
            sample("circular, the whole picture", normal(1, 2, 3, 2), (2, 2, 3, 3), "circular"),
            *[
                sample(f"reflect, {f.__name__}", normal(2, 2, 3, 4, layout=f), (1, 2, 2, 1), "reflect")
                for f in [*LAYOUTS, channels_last]
            ],
        ],
        [
            bad(ArgumentError, r"pad is \(1,\); it must be pairs", normal(2, 3), (1,)),
            bad(ArgumentError, r"pad is \(-1, 0\)", normal(2, 3), (-1, 0)),
            bad(ArgumentError, "at most one an axis", normal(2), (1, 1, 1, 1)),
            bad(UnknownNameError, "no mode 'mirror'", normal(2, 3), (1, 1), mode="mirror"),
            bad(ArgumentError, "value is 1, but mode 'reflect' takes", normal(2, 3), (1, 1), mode="reflect", value=1),
            bad(
                ShapeError,
                r"a border of 3 cannot be made by 'reflect' on axis 1 of shape \(2, 3\): at most 2",
                normal(2, 3),
                (3, 0),
                mode="reflect",
            ),
            bad(ShapeError, "a border of 4 .* 'circular' .* at most 3", normal(2, 3), (0, 4), mode="circular"),
            bad(ShapeError, "a border of 1 .* 'replicate' .* at most 0", normal(2, 0), (0, 1), mode="replicate"),
        ],
        lambda torch: torch.nn.functional.pad,
        linear_in=(0,),
    ),
    Op(
        ops.pad_input,
        [sample(mode, normal(1, 2, 6, 5), WIDTHS, (1, 2, 3, 3), mode) for mode in ("constant", *MODES)],
        linear_in=(0,),
    ),
]
