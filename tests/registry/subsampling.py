"""Trainable sub-sampling."""

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops import subsampling as ops

from . import LAYOUTS, Op, bad, channels_last, constant, normal, sample


def in_torch(torch, x, w, b, kernel_size=2, stride=None):
    sums = torch.nn.functional.avg_pool2d(x, kernel_size, stride, divisor_override=1)
    return sums * w[:, None, None] + b[:, None, None]


OPS = [
    Op(
        ops.subsampling2d,
        [
            sample("2 x 2", normal(2, 3, 4, 6), normal(3), normal(3)),
            sample("odd picture", normal(1, 2, 5, 7), normal(2), normal(2)),
            sample("overlapping", normal(2, 1, 5, 6), normal(1), normal(1), 3, stride=2),
            sample("non-square", normal(1, 2, 4, 6), normal(2), normal(2), (1, 3)),
            sample("a single number", normal(1, 1, 1, 1), normal(1), normal(1), 1),
            sample("no pictures", normal(0, 2, 4, 4), normal(2), normal(2)),
            *[sample(f.__name__, normal(2, 2, 4, 4, layout=f), normal(2), normal(2)) for f in LAYOUTS],
            sample("channels_last", normal(2, 2, 4, 4, layout=channels_last), normal(2), normal(2)),
        ],
        [
            bad(ShapeError, r"input has shape \(4, 4\); it must be \(N, C, H, W\)", normal(4, 4), normal(1), normal(1)),
            bad(
                *(ShapeError, r"weight has shape \(2,\), bias \(3,\); 3 channels need \(3,\) for both"),
                *(normal(1, 3, 4, 4), normal(2), normal(3)),
            ),
            bad(ShapeError, "a 2x2 window .* does not fit", normal(1, 1, 1, 4), normal(1), normal(1)),
            bad(ArgumentError, "kernel_size is 0", normal(1, 1, 4, 4), normal(1), normal(1), 0),
            bad(ArgumentError, "stride is 0", normal(1, 1, 4, 4), normal(1), normal(1), 2, 0),
            bad(DTypeError, "float64 and int64 and float64", normal(1, 1, 4, 4), constant([1]), normal(1)),
        ],
        lambda torch: lambda *args, **kwargs: in_torch(torch, *args, **kwargs),
        linear_in=(0, 1, 2),
    ),
]
