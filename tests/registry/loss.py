"""Losses: labels and probabilities, pictures, every reduction."""

from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from tinyconv.ops import loss as ops

from . import LAYOUTS, Op, bad, fixed, normal, positive, sample, whole

REDUCTIONS = ("mean", "sum", "none")


def labelled():
    return [
        *[sample(f"reduction {r}", normal(3, 4), whole(4, 3), reduction=r) for r in REDUCTIONS],
        sample("pictures", normal(2, 3, 2, 2), whole(3, 2, 2, 2)),
        sample("one class", normal(3, 1), whole(1, 3)),
        sample("one sample", normal(1, 5), whole(5, 1)),
        sample("empty batch", normal(0, 4), whole(4, 0), reduction="sum"),
        *[sample(f.__name__, normal(3, 4, layout=f), whole(4, 3)) for f in LAYOUTS],
    ]


ERRORS = [
    bad(ArgumentError, r"target\[1\] is 3; 3 classes have labels from 0 to 2", normal(2, 3), fixed([0, 3])),
    bad(ArgumentError, r"target\[0\] is -1", normal(2, 3), fixed([-1, 0])),
    bad(DTypeError, r"target \(2,\) holds class labels, but is float64", normal(2, 3), normal(2)),
    bad(
        ShapeError,
        r"target has shape \(3,\); input \(2, 3\) needs labels of shape \(2,\)",
        normal(2, 3),
        fixed([0, 1, 2]),
    ),
    bad(ShapeError, r"input has shape \(3,\); it must be \(N, K\)", normal(3), fixed([0])),
    bad(ShapeError, "the batch is empty, and has no mean loss", normal(0, 3), whole(3, 0)),
    bad(UnknownNameError, "no reduction 'avg'", normal(2, 3), fixed([0, 1]), reduction="avg"),
]

OPS = [
    Op(
        ops.cross_entropy,
        [
            *labelled(),
            *[sample(f"probabilities, reduction {r}", normal(3, 4), positive(3, 4), reduction=r) for r in REDUCTIONS],
            sample("probabilities, pictures", normal(2, 3, 2, 2), positive(2, 3, 2, 2)),
            sample("large logits", fixed([[900.0, 0.0, -900.0], [0.0, 1.0, 2.0]]), fixed([0, 1])),
        ],
        ERRORS,
        lambda torch: torch.nn.functional.cross_entropy,
    ),
    Op(ops.nll_loss, labelled(), ERRORS, lambda torch: torch.nn.functional.nll_loss),
    Op(
        ops.mse_loss,
        [
            *[sample(f"reduction {r}", normal(3, 4), normal(3, 4), reduction=r) for r in REDUCTIONS],
            sample("0-d", normal(), normal()),
            *[sample(f.__name__, normal(3, 4, layout=f), normal(3, 4)) for f in LAYOUTS],
        ],
        [
            bad(
                ShapeError,
                r"input has shape \(3, 1\), target \(3,\); they must be the same",
                normal(3, 1),
                normal(3),
            ),
            bad(UnknownNameError, "Did you mean 'sum'", normal(3), normal(3), reduction="summ"),
            bad(ShapeError, "the batch is empty", normal(0, 3), normal(0, 3)),
        ],
        lambda torch: torch.nn.functional.mse_loss,
    ),
]
