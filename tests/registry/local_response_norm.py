"""Local response normalisation: windows within, beyond and over the channels, odd and even, any power."""

from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.ops.local_response_norm import local_response_norm

from . import LAYOUTS, Op, bad, channels_last, normal, sample

X = normal(2, 5, 2, 3)
nan = float("nan")

OPS = [
    Op(
        local_response_norm,
        [
            sample("pictures", X, 3, alpha=0.8),
            sample("AlexNet's", X, 5, 5e-4, 0.75, 2.0),
            sample("an even window", X, 4, alpha=0.8),
            sample("two channels", X, 2, alpha=0.8, beta=0.5, k=2.0),
            sample("one channel at a time", X, 1, alpha=0.8),
            sample("all channels and more", X, 13, alpha=0.8),
            sample("beta 1", X, 3, alpha=0.8, beta=1.0),
            sample("beta below 0", X, 3, alpha=0.8, beta=-0.5),
            sample("alpha 0", X, 3, alpha=0.0, k=2.0),
            sample("signals", normal(2, 5, 4), 3, alpha=0.8),
            sample("volumes", normal(1, 3, 2, 2, 2), 3, alpha=0.8),
            sample("one channel", normal(2, 1, 3, 2), 5, alpha=0.8),
            sample("one picture", normal(1, 4, 1, 1), 3, alpha=0.8),
            sample("no pictures", normal(0, 4, 2, 2), 3),
            *[sample(f.__name__, normal(3, 4, 2, 2, layout=f), 3, alpha=0.8) for f in [*LAYOUTS, channels_last]],
        ],
        [
            bad(ShapeError, r"input has shape \(2, 3\); it must be \(N, C, L\)", normal(2, 3), 3),
            bad(ShapeError, r"input has shape \(2, 0, 3\); it must be", normal(2, 0, 3), 3),
            bad(ArgumentError, "size is 0; it must be a whole number of at least 1", X, 0),
            bad(ArgumentError, "size is 2.5; it must be a whole number of at least 1", X, 2.5),
            bad(ArgumentError, "alpha is -1; it must be a finite number of at least 0", X, 3, -1),
            bad(ArgumentError, "beta is nan; it must be a finite number", X, 3, 1.0, nan),
            bad(ArgumentError, "k is -2; it must be a finite number of at least 0", X, 3, 1.0, 0.75, -2),
        ],
        lambda torch: torch.nn.functional.local_response_norm,
    )
]
