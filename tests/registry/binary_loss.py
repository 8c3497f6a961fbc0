"""Losses of yes-or-no answers: weights of every shape, answers of 0 and 1 and between, large logits."""

import numpy as np

from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError
from tinyconv.ops import binary_loss as ops

from . import LAYOUTS, Draw, Op, bad, constant, fixed, normal, sample
from .loss import REDUCTIONS


def shares(*shape):
    """From 0.1 to 0.9."""
    return Draw(lambda rng: rng.uniform(0.1, 0.9, shape))


def twin(torch):
    """PyTorch's, which wants tensors for keyword arguments too."""

    def binary_cross_entropy_with_logits(*args, pos_weight=None, **options):
        p = None if pos_weight is None else torch.tensor(pos_weight, dtype=torch.float64)
        return torch.nn.functional.binary_cross_entropy_with_logits(*args, pos_weight=p, **options)

    return binary_cross_entropy_with_logits


OPS = [
    Op(
        ops.binary_cross_entropy_with_logits,
        [
            *[sample(f"reduction {r}", normal(3, 4), shares(3, 4), reduction=r) for r in REDUCTIONS],
            sample("pictures", normal(2, 3, 2, 1), shares(2, 3, 2, 1)),
            sample("0-d", normal(), shares()),
            sample("empty batch", normal(0, 3), shares(0, 3), reduction="sum"),
            sample("weights for samples", normal(3, 2), shares(3, 2), constant([[1.0], [0.0], [2.5]])),
            sample("a weight for each element", normal(2, 2), shares(2, 2), constant([[1.0, 0.5], [0.0, 2.5]])),
            sample("no and yes", normal(2, 2), constant([[0.0, 1.0], [1.0, 0.0]])),
            *[
                sample(
                    f"weights of both kinds, reduction {r}",
                    normal(3, 2),
                    shares(3, 2),
                    constant([0.5, 2.0]),
                    reduction=r,
                    pos_weight=[3.0, 0.25],
                )
                for r in REDUCTIONS
            ],
            sample("one pos_weight", normal(3, 2), shares(3, 2), pos_weight=4),
            sample("large logits", fixed([900.0, -900.0, 30.0, 0.0]), fixed([0.5, 0.5, 0.1, 0.9])),
            *[sample(f.__name__, normal(3, 4, layout=f), shares(3, 4)) for f in LAYOUTS],
        ],
        [
            bad(ShapeError, r"input has shape \(3, 1\), target \(3,\); they must be the same", normal(3, 1), shares(3)),
            bad(
                ArgumentError,
                r"target holds 1.5; answers lie between 0 \(no\) and 1 \(yes\)",
                normal(2),
                fixed([1.5, 0]),
            ),
            bad(ArgumentError, "target holds nan; answers lie between", normal(2), fixed([0, np.nan])),
            bad(ArgumentError, r"target holds -1.0; answers lie between", normal(2), fixed([0, -1.0])),
            bad(
                ShapeError,
                r"weight has shape \(3,\); it does not broadcast to the input's \(2,\)",
                normal(2),
                shares(2),
                fixed([1.0, 1.0, 1.0]),
            ),
            bad(
                ShapeError,
                r"weight has shape \(1, 2\); it does not broadcast to the input's \(2,\)",
                normal(2),
                shares(2),
                fixed([[1.0, 1.0]]),
            ),
            *[
                bad(ArgumentError, "weight holds .*; weights must be finite", normal(2), shares(2), fixed([1.0, w]))
                for w in (-1.0, np.nan, np.inf)
            ],
            bad(
                ArgumentError,
                "pos_weight holds .*; weights must be finite",
                normal(2),
                shares(2),
                pos_weight=[-1.0, 1.0],
            ),
            bad(ShapeError, r"pos_weight has shape \(3,\)", normal(2), shares(2), pos_weight=[1.0, 1.0, 1.0]),
            bad(UnknownNameError, "no reduction 'avg'", normal(2), shares(2), reduction="avg"),
            bad(ShapeError, "the batch is empty", normal(0, 3), shares(0, 3)),
        ],
        twin,
    ),
]
