"""Losses of regression: every reduction, on both sides of where a loss changes its form, and just there."""

from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError
from tinyconv.ops import regression_loss as ops

from . import LAYOUTS, Op, bad, fixed, normal, sample
from .loss import REDUCTIONS


def pairs():
    return [
        *[sample(f"reduction {r}", normal(3, 4), normal(3, 4), reduction=r) for r in REDUCTIONS],
        sample("pictures", normal(2, 3, 1, 2), normal(2, 3, 1, 2)),
        sample("one axis", normal(5), normal(5)),
        sample("empty batch", normal(0, 3), normal(0, 3), reduction="sum"),
        *[sample(f.__name__, normal(3, 4, layout=f), normal(3, 4)) for f in LAYOUTS],
    ]


SCALAR = sample("0-d", normal(), normal())
EQUAL = sample("equal", fixed([1.0, 2.0]), fixed([1.0, 2.0]), kinks=True)
ERRORS = [
    bad(ShapeError, r"input has shape \(3, 1\), target \(3,\); they must be the same", normal(3, 1), normal(3)),
    bad(UnknownNameError, "Did you mean 'sum'", normal(3), normal(3), reduction="summ"),
    bad(ShapeError, "the batch is empty", normal(0, 3), normal(0, 3)),
]


def half(torch):
    """PyTorch has no such loss; this is its definition, in PyTorch's operations."""

    def half_squared_error(x, t, reduction="mean"):
        losses = 0.5 * ((x - t) ** 2).flatten(1).sum(1) if x.ndim > 1 else 0.5 * (x - t) ** 2
        return {"mean": torch.mean, "sum": torch.sum, "none": lambda losses: losses}[reduction](losses)

    return half_squared_error


OPS = [
    Op(ops.mse_loss, [*pairs(), SCALAR], ERRORS, lambda torch: torch.nn.functional.mse_loss),
    Op(
        ops.half_squared_error,
        pairs(),
        [*ERRORS, bad(ShapeError, r"input has shape \(\); it must be \(N, ...\), of N samples", normal(), normal())],
        half,
    ),
    Op(ops.l1_loss, [*pairs(), SCALAR, EQUAL], ERRORS, lambda torch: torch.nn.functional.l1_loss),
    Op(
        ops.smooth_l1_loss,
        [
            *pairs(),
            SCALAR,
            *[sample(f"beta {beta}", normal(4, 3), normal(4, 3), beta=beta) for beta in (0.3, 2.0)],
            sample("beta 0", normal(4, 3), normal(4, 3), beta=0),
            sample("just at beta", fixed([1.5, -0.5, 0.0]), fixed([1.0, 0.0, 0.0]), beta=0.5, kinks=True),
        ],
        [
            *ERRORS,
            bad(ArgumentError, "beta is -1; it must be a finite number of at least 0", normal(3), normal(3), beta=-1),
            bad(ArgumentError, "beta is nan", normal(3), normal(3), beta=float("nan")),
        ],
        lambda torch: torch.nn.functional.smooth_l1_loss,
    ),
    Op(
        ops.huber_loss,
        [
            *pairs(),
            SCALAR,
            *[sample(f"delta {delta}", normal(4, 3), normal(4, 3), delta=delta) for delta in (0.3, 2.0)],
            sample("just at delta", fixed([1.5, -0.5, 0.0]), fixed([1.0, 0.0, 0.0]), delta=0.5, kinks=True),
        ],
        [
            *ERRORS,
            bad(
                ArgumentError,
                "delta is 0, and so would be every loss; it must be above 0",
                normal(3),
                normal(3),
                delta=0,
            ),
            bad(ArgumentError, "delta is -1; it must be a finite number of at least 0", normal(3), normal(3), delta=-1),
            bad(ArgumentError, "delta is inf", normal(3), normal(3), delta=float("inf")),
        ],
        lambda torch: torch.nn.functional.huber_loss,
    ),
]
