"""Convolution in every geometry, and its two gradients."""

from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from tinyconv.geometry import Window
from tinyconv.ops import conv as ops

from . import LAYOUTS, Op, bad, channels_last, normal, sample
from .matmul import single

GEOMETRIES = {  # label: input (N, C, H, W), weight (F, C/groups, KH, KW), options
    "odd sizes": ((2, 3, 5, 7), (2, 3, 3, 3), {}),
    "non-square": ((1, 2, 5, 4), (3, 2, 2, 3), {}),
    "padding": ((1, 2, 3, 4), (2, 2, 3, 3), dict(padding=1)),
    "padding, a pair": ((1, 1, 3, 4), (2, 1, 3, 2), dict(padding=(2, 0))),
    "stride, a remainder": ((1, 2, 6, 5), (2, 2, 3, 2), dict(stride=2)),
    "stride beyond the kernel": ((1, 2, 7, 8), (2, 2, 2, 1), dict(stride=(3, 4))),
    "dilation": ((1, 2, 7, 6), (2, 2, 3, 2), dict(dilation=(2, 3))),
    "all together": ((2, 2, 7, 8), (2, 2, 3, 2), dict(stride=(2, 1), padding=(1, 2), dilation=(2, 1))),
    "groups": ((1, 4, 4, 4), (6, 2, 3, 2), dict(groups=2)),
    "depthwise": ((2, 3, 4, 5), (6, 1, 3, 3), dict(groups=3, padding=1)),
    "same": ((1, 1, 4, 5), (2, 1, 3, 3), dict(padding="same")),
    "valid": ((1, 1, 4, 5), (2, 1, 3, 3), dict(padding="valid")),
    "1 x 1": ((2, 3, 3, 2), (2, 3, 1, 1), {}),
    "1 x n": ((1, 2, 4, 6), (3, 2, 1, 5), dict(padding="same")),
    "n x 1": ((1, 2, 6, 4), (3, 2, 3, 1), dict(padding=(1, 0), stride=(2, 1))),
    "a single number": ((1, 1, 1, 1), (1, 1, 1, 1), {}),
    "as large as the picture": ((2, 2, 3, 2), (2, 2, 3, 2), {}),
    "larger than the picture": ((1, 1, 2, 2), (1, 1, 4, 3), dict(padding=1)),
    "no pictures": ((0, 2, 4, 4), (3, 2, 3, 3), {}),
}


def adjoints(first):
    """Samples of conv2d_input or conv2d_weight, whose `first` argument is shaped like the output."""
    for label, (X, W, options) in GEOMETRIES.items():
        window = Window.of("conv2d", W[2:], **options)
        dy = normal(X[0], W[0], *window.out(*X[2:]))
        yield sample(label, dy, *first(X, W, window))


OPS = [
    Op(
        ops.conv2d,
        [
            *[sample(label, normal(*X), normal(*W), normal(W[0]), **o) for label, (X, W, o) in GEOMETRIES.items()],
            sample("no bias", normal(1, 2, 4, 3), normal(2, 2, 2, 2)),
            *[
                sample(f.__name__, normal(2, 2, 4, 3, layout=f), normal(3, 2, 2, 2, layout=f))
                for f in [*LAYOUTS, channels_last]
            ],
        ],
        [
            bad(
                ShapeError,
                r"input has shape \(3, 4, 4\).*One picture: x\[None\]",
                normal(3, 4, 4),
                normal(2, 3, 1, 1),
            ),
            bad(ShapeError, r"weight has shape \(3, 3\)", normal(1, 1, 4, 4), normal(3, 3)),
            bad(
                ShapeError,
                r"input has 3 channels, weight \(6, 1, 3, 3\) expects 1\. Set in_channels=3, or groups=3",
                normal(1, 3, 4, 4),
                normal(6, 1, 3, 3),
            ),
            bad(
                ShapeError,
                "3 filters do not divide into 2 groups",
                normal(1, 2, 4, 4),
                normal(3, 1, 3, 3),
                groups=2,
            ),
            bad(
                ShapeError,
                r"bias has shape \(2,\); 3 filters need \(3,\)",
                normal(1, 1, 4, 4),
                normal(3, 1, 2, 2),
                normal(2),
            ),
            bad(
                ShapeError,
                r"a 3x3 window with stride 2, padding 0 does not fit a 2x2 input",
                normal(1, 1, 2, 2),
                normal(1, 1, 3, 3),
                stride=2,
            ),
            bad(
                ArgumentError,
                "algorithm='F2' does not compute a 3x3 window with stride 2",
                normal(1, 1, 4, 4),
                normal(1, 1, 3, 3),
                stride=2,
                algorithm="F2",
            ),
            bad(ArgumentError, "dilation is 0", normal(1, 1, 4, 4), normal(1, 1, 2, 2), dilation=0),
            bad(UnknownNameError, "algorithm", normal(1, 1, 4, 4), normal(1, 1, 2, 2), algorithm="fft"),
            bad(ArgumentError, "stride is 0", normal(1, 1, 4, 4), normal(1, 1, 2, 2), stride=0),
            bad(ArgumentError, "padding is -1", normal(1, 1, 4, 4), normal(1, 1, 2, 2), padding=-1),
            bad(ArgumentError, "padding is 'full'", normal(1, 1, 4, 4), normal(1, 1, 2, 2), padding="full"),
            bad(
                ArgumentError,
                "padding='same' needs stride 1",
                normal(1, 1, 4, 4),
                normal(1, 1, 2, 2),
                padding="same",
                stride=2,
            ),
            bad(DTypeError, "float64 and float32", normal(1, 3, 4, 4), single(2, 3, 2, 2)),
        ],
        lambda torch: torch.nn.functional.conv2d,
        linear_in=(0, 1, 2),
    ),
    Op(
        ops.conv1d,
        [
            sample("odd sizes", normal(2, 3, 7), normal(2, 3, 3), normal(2)),
            sample("stride, padding", normal(1, 2, 6), normal(3, 2, 3), stride=2, padding=1),
            sample("tuples", normal(1, 2, 9), normal(3, 2, 3), stride=(3,), padding=(2,), dilation=(2,)),
            sample("groups", normal(1, 4, 5), normal(6, 2, 2), normal(6), groups=2),
            sample("same", normal(2, 1, 5), normal(2, 1, 3), padding="same"),
            sample("valid", normal(2, 1, 5), normal(2, 1, 3), padding="valid"),
            sample("a single number", normal(1, 1, 1), normal(1, 1, 1)),
            sample("no signals", normal(0, 2, 4), normal(3, 2, 3)),
            *[sample(f.__name__, normal(2, 2, 4, layout=f), normal(3, 2, 2, layout=f)) for f in LAYOUTS],
        ],
        [
            bad(
                ShapeError,
                r"input has shape \(3, 4\); it must be \(N, C, L\). One signal",
                normal(3, 4),
                normal(2, 3, 1),
            ),
            bad(ShapeError, r"weight has shape \(2, 3\); it must be \(F, C/groups, K\)", normal(1, 3, 4), normal(2, 3)),
            bad(ShapeError, r"3 channels, weight \(2, 2, 1\) expects 2", normal(1, 3, 4), normal(2, 2, 1)),
            bad(ShapeError, r"bias has shape \(3,\)", normal(1, 3, 4), normal(2, 3, 1), normal(3)),
            bad(ShapeError, "a 1x5 window .* does not fit a 1x4 input", normal(1, 3, 4), normal(2, 3, 5)),
            bad(ArgumentError, r"stride is \(1, 1\); it must be", normal(1, 3, 4), normal(2, 3, 1), stride=(1, 1)),
            bad(ArgumentError, "padding is -1", normal(1, 3, 4), normal(2, 3, 1), padding=-1),
            bad(
                ArgumentError,
                "padding='same' needs stride 1",
                normal(1, 3, 4),
                normal(2, 3, 1),
                stride=2,
                padding="same",
            ),
            bad(ArgumentError, "dilation is 0", normal(1, 3, 4), normal(2, 3, 1), dilation=0),
            bad(DTypeError, "float64 and float32", normal(1, 3, 4), single(2, 3, 2)),
        ],
        lambda torch: torch.nn.functional.conv1d,
        linear_in=(0, 1, 2),
    ),
    Op(
        ops.channel_sums,
        [sample(f"{X}", normal(*X)) for X in ((2, 3, 4, 5), (1, 1, 1, 1), (0, 2, 3, 3))],
        linear_in=(0,),
    ),
    Op(ops.conv2d_input, list(adjoints(lambda X, W, window: (normal(*W), window, X))), linear_in=(0, 1)),
    Op(ops.conv2d_weight, list(adjoints(lambda X, W, window: (normal(*X), window))), linear_in=(0, 1)),
]
