"""Channels in another order."""

from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.ops import shuffle as ops

from . import LAYOUTS, Op, bad, channels_last, normal, sample


def pixel_shuffle(torch):
    """PyTorch's; but its gradient for no pictures has a wrong shape."""

    def twin(x, r):
        N, C, H, W = x.shape
        return torch.nn.functional.pixel_shuffle(x, r) if N else x.reshape(N, C // r**2, H * r, W * r)

    return twin


OPS = [
    Op(
        ops.channel_shuffle,
        [
            sample("two groups", normal(2, 6, 3, 2), 2),
            sample("three groups", normal(1, 6, 1, 3), 3),
            sample("one group", normal(2, 3, 2, 2), 1),
            sample("each its own", normal(2, 3, 2, 2), 3),
            sample("signals", normal(2, 4, 5), 2),
            sample("volumes", normal(1, 4, 2, 3, 2), 2),
            sample("no pictures", normal(0, 4, 2, 2), 2),
            *[sample(f.__name__, normal(2, 6, 3, 2, layout=f), 2) for f in [*LAYOUTS, channels_last]],
        ],
        [
            bad(ShapeError, "4 channels do not divide into 3 groups", normal(1, 4, 2, 2), 3),
            bad(ShapeError, r"input has shape \(4, 2\); it must be \(N, C, ...\)", normal(4, 2), 2),
            bad(ArgumentError, "groups is 0", normal(1, 4, 2, 2), 0),
        ],
        lambda torch: torch.nn.functional.channel_shuffle,
        linear_in=(0,),
    ),
    Op(
        ops.pixel_shuffle,
        [
            sample("2 x 2", normal(2, 8, 3, 2), 2),
            sample("3 x 3", normal(1, 9, 1, 2), 3),
            sample("1 x 1", normal(1, 2, 3, 2), 1),
            sample("no pictures", normal(0, 4, 2, 2), 2),
            *[sample(f.__name__, normal(2, 8, 3, 2, layout=f), 2) for f in [*LAYOUTS, channels_last]],
        ],
        [
            bad(ShapeError, "6 channels do not divide by 4, upscale_factor squared", normal(1, 6, 2, 2), 2),
            bad(ShapeError, r"input has shape \(4, 2, 2\)", normal(4, 2, 2), 2),
            bad(ArgumentError, "upscale_factor is 0", normal(1, 4, 2, 2), 0),
        ],
        pixel_shuffle,
        linear_in=(0,),
    ),
]
