"""Pictures made larger and smaller, to sizes and by factors."""

from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError
from tinyconv.ops import interpolate as ops

from . import LAYOUTS, Op, bad, channels_last, normal, sample

CHANGES = {  # label: input (N, C, H, W), options
    "twice": ((2, 3, 3, 4), dict(scale_factor=2)),
    "odd sizes": ((1, 2, 3, 5), dict(size=(7, 11))),
    "smaller": ((2, 1, 7, 8), dict(size=(3, 5))),
    "larger and smaller": ((1, 1, 5, 4), dict(size=(3, 9))),
    "one size for both": ((1, 2, 3, 4), dict(size=5)),
    "two factors, one broken": ((1, 2, 4, 5), dict(scale_factor=(3.0, 1.5))),
    "a factor below 1": ((1, 2, 7, 5), dict(scale_factor=0.6)),
    "the same size": ((1, 2, 3, 4), dict(size=(3, 4))),
    "from one pixel": ((1, 2, 1, 1), dict(size=(2, 3))),
    "to one pixel": ((1, 2, 5, 4), dict(size=1)),
    "no pictures": ((0, 2, 3, 3), dict(scale_factor=2)),
}
SEVERAL = ("odd sizes", "smaller", "two factors, one broken", "to one pixel", "no pictures")

OPS = [
    Op(
        ops.interpolate,
        [
            *[sample(label, normal(*X), mode="bilinear", **o) for label, (X, o) in CHANGES.items()],
            *[sample(f"nearest, {label}", normal(*CHANGES[label][0]), **CHANGES[label][1]) for label in SEVERAL],
            *[
                sample(f"corners, {label}", normal(*X), mode="bilinear", align_corners=True, **o)
                for label, (X, o) in CHANGES.items()
                if label in SEVERAL
            ],
            *[
                sample(f.__name__, normal(2, 2, 3, 4, layout=f), (5, 3), mode="bilinear")
                for f in [*LAYOUTS, channels_last]
            ],
            sample("corners not aligned", normal(1, 1, 3, 3), (4, 5), None, "bilinear", False),
        ],
        [
            bad(ShapeError, r"input has shape \(3, 4\); it must be \(N, C, H, W\)", normal(3, 4), 2),
            bad(ShapeError, "a picture of 0x4 pixels has nothing", normal(1, 1, 0, 4), 2),
            bad(ArgumentError, "size is None and scale_factor is None; give one of them", normal(1, 1, 3, 4)),
            bad(ArgumentError, "size is 2 and scale_factor is 2; give one of them", normal(1, 1, 3, 4), 2, 2),
            bad(ArgumentError, "size is 0", normal(1, 1, 3, 4), 0),
            bad(ArgumentError, r"size is \(1, 2, 3\)", normal(1, 1, 3, 4), (1, 2, 3)),
            bad(ArgumentError, "scale_factor is -1; it must be", normal(1, 1, 3, 4), scale_factor=-1),
            bad(ArgumentError, "scale_factor is nan; it must be", normal(1, 1, 3, 4), scale_factor=float("nan")),
            bad(ArgumentError, r"scale_factor is \(1, 2, 3\)", normal(1, 1, 3, 4), scale_factor=(1, 2, 3)),
            bad(ShapeError, "scale_factor 0.3 makes 0x1 of 3x4 pixels", normal(1, 1, 3, 4), scale_factor=0.3),
            bad(UnknownNameError, "no mode 'linear'", normal(1, 1, 3, 4), 2, mode="linear"),
            bad(ArgumentError, "align_corners is for mode='bilinear'", normal(1, 1, 3, 4), 2, align_corners=False),
        ],
        lambda torch: torch.nn.functional.interpolate,
        linear_in=(0,),
    ),
]
