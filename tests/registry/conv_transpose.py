"""Transposed convolution in every geometry."""

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops import conv_transpose as ops

from . import LAYOUTS, Op, bad, channels_last, normal, sample
from .matmul import single

GEOMETRIES = {  # label: input (N, F, H, W), weight (F, C/groups, KH, KW), options
    "odd sizes": ((2, 3, 5, 3), (3, 2, 3, 3), {}),
    "non-square": ((1, 2, 3, 4), (2, 3, 2, 3), {}),
    "padding": ((1, 2, 3, 4), (2, 2, 3, 3), dict(padding=1)),
    "padding, a pair": ((1, 1, 3, 4), (1, 2, 5, 2), dict(padding=(2, 0))),
    "stride": ((1, 2, 3, 2), (2, 2, 3, 2), dict(stride=2)),
    "stride beyond the kernel": ((1, 2, 2, 3), (2, 2, 2, 1), dict(stride=(3, 4))),
    "output padding": ((1, 2, 3, 2), (2, 1, 3, 3), dict(stride=2, padding=1, output_padding=1)),
    "output padding, no padding": ((1, 1, 2, 2), (1, 2, 2, 2), dict(stride=(2, 3), output_padding=(1, 2))),
    "output padding beyond the stride": ((1, 1, 2, 3), (1, 1, 2, 2), dict(dilation=3, output_padding=(2, 1))),
    "dilation": ((1, 2, 3, 2), (2, 2, 3, 2), dict(dilation=(2, 3))),
    "all together": (
        (2, 2, 3, 4),
        (2, 3, 3, 2),
        dict(stride=(2, 1), padding=(1, 2), output_padding=(1, 0), dilation=(2, 3)),
    ),
    "groups": ((1, 4, 3, 3), (4, 3, 3, 2), dict(groups=2)),
    "depthwise": ((2, 3, 3, 4), (3, 1, 4, 4), dict(groups=3, stride=2, padding=1)),
    "1 x 1": ((2, 3, 3, 2), (3, 2, 1, 1), {}),
    "a single number": ((1, 1, 1, 1), (1, 1, 1, 1), {}),
    "no pictures": ((0, 2, 3, 3), (2, 3, 3, 3), dict(stride=2)),
}


def bias(w, groups=1, **_):
    return normal(w[1] * groups)


def refused(error, message, *args, **options):
    x, w = (args or (normal(1, 2, 3, 3), normal(2, 1, 3, 3)))[:2]
    return bad(error, message, x, w, *args[2:], **options)


OPS = [
    Op(
        ops.conv_transpose2d,
        [
            *[sample(label, normal(*X), normal(*W), bias(W, **o), **o) for label, (X, W, o) in GEOMETRIES.items()],
            sample("no bias", normal(1, 2, 3, 3), normal(2, 2, 2, 2)),
            *[
                sample(f.__name__, normal(2, 2, 4, 3, layout=f), normal(2, 3, 2, 2, layout=f), stride=2)
                for f in [*LAYOUTS, channels_last]
            ],
        ],
        [
            refused(ShapeError, r"input has shape \(2, 3, 3\).*One picture", normal(2, 3, 3), normal(2, 1, 1, 1)),
            refused(
                ShapeError,
                r"weight has shape \(2, 3\); it must be \(in_channels, out_channels/groups, KH, KW\)",
                normal(1, 2, 3, 3),
                normal(2, 3),
            ),
            refused(ShapeError, "no axis may be empty", normal(1, 2, 3, 3), normal(2, 0, 3, 3)),
            refused(
                ShapeError,
                "input has 3 channels, the weight expects 2, its first axis. Set in_channels=3",
                normal(1, 3, 3, 3),
                normal(2, 1, 3, 3),
            ),
            refused(ShapeError, "2 input channels do not divide into 4 groups", groups=4),
            refused(
                ShapeError,
                r"bias has shape \(3,\); 2 output channels need \(2,\)",
                normal(1, 2, 3, 3),
                normal(2, 1, 3, 3),
                normal(3),
                groups=2,
            ),
            refused(ShapeError, r"the output would be -1x-1\. OH = \(3 - 1\)\*1 - 2\*3 \+ ", padding=3),
            refused(ShapeError, "does not fit a 0x3 input", normal(1, 2, 0, 3), normal(2, 1, 3, 3)),
            refused(
                ArgumentError,
                r"output_padding \(2, 2\) must be smaller than stride \(2, 2\) or dilation \(1, 1\)",
                stride=2,
                output_padding=2,
            ),
            refused(ArgumentError, "output_padding is -1", stride=2, output_padding=-1),
            refused(ArgumentError, "stride is 0", stride=0),
            refused(ArgumentError, "padding is 'same'; a transposed convolution takes numbers only", padding="same"),
            refused(DTypeError, "float64 and float32", normal(1, 3, 4, 4), single(3, 2, 2, 2)),
        ],
        lambda torch: torch.nn.functional.conv_transpose2d,
        linear_in=(0, 1, 2),
    ),
    Op(
        ops.conv_transpose1d,
        [
            sample("odd sizes", normal(2, 3, 5), normal(3, 2, 3), normal(2)),
            sample("stride", normal(1, 2, 4), normal(2, 3, 3), stride=2, padding=1, output_padding=1),
            sample("tuples", normal(1, 2, 4), normal(2, 3, 3), stride=(3,), padding=(1,), output_padding=(2,)),
            sample("dilation, groups", normal(1, 4, 4), normal(4, 1, 2), normal(2), groups=2, dilation=3),
            sample("a single number", normal(1, 1, 1), normal(1, 1, 1)),
            sample("no signals", normal(0, 2, 4), normal(2, 3, 2)),
            *[sample(f.__name__, normal(2, 2, 4, layout=f), normal(2, 3, 2, layout=f), stride=2) for f in LAYOUTS],
        ],
        [
            bad(
                ShapeError,
                r"input has shape \(2, 4\); it must be \(N, C, L\). One signal",
                normal(2, 4),
                normal(2, 3, 2),
            ),
            bad(ShapeError, r"it must be \(in_channels, out_channels/groups, K\)", normal(1, 2, 4), normal(2, 3)),
            bad(ShapeError, "input has 3 channels, the weight expects 2", normal(1, 3, 4), normal(2, 3, 2)),
            bad(ArgumentError, "output_padding", normal(1, 2, 4), normal(2, 3, 2), output_padding=1),
            bad(ArgumentError, r"stride is \(1, 2\)", normal(1, 2, 4), normal(2, 3, 2), stride=(1, 2)),
            bad(ArgumentError, "padding is 'valid'", normal(1, 2, 4), normal(2, 3, 2), padding="valid"),
            bad(ArgumentError, "dilation is 0", normal(1, 2, 4), normal(2, 3, 2), dilation=0),
            bad(
                ShapeError,
                r"bias has shape \(2,\); 3 output channels need",
                normal(1, 2, 4),
                normal(2, 3, 2),
                normal(2),
            ),
        ],
        lambda torch: torch.nn.functional.conv_transpose1d,
        linear_in=(0, 1, 2),
    ),
]
