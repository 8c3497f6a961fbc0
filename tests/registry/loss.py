"""Cross entropy: labels and probabilities, pictures, weights, ignored and softened labels, every reduction."""

import numpy as np

from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from tinyconv.ops import loss as ops

from . import LAYOUTS, Op, bad, constant, fixed, normal, positive, sample, whole

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


def weighted():
    w = constant([0.5, 2.0, 0.0, 1.5])
    return [
        *[
            sample(f"weights, reduction {r}", normal(6, 4), fixed([3, 0, 1, 1, 2, 3]), w, reduction=r)
            for r in REDUCTIONS
        ],
        *[
            sample(f"ignored, reduction {r}", normal(5, 4), fixed([3, -100, 1, -100, 2]), reduction=r)
            for r in REDUCTIONS
        ],
        sample("a class ignored", normal(5, 4), fixed([3, 0, 1, 0, 2]), ignore_index=0),
        sample("weights and ignored, pictures", normal(2, 4, 1, 2), fixed([[[0, 9]], [[9, 3]]]), w, ignore_index=9),
        sample("nothing left to sum", normal(2, 4), fixed([-1, -1]), ignore_index=-1, reduction="sum"),
        sample("weights, empty batch", normal(0, 4), whole(4, 0), w, reduction="sum"),
    ]


def smoothed():
    w = constant([0.5, 2.0, 0.0, 1.5])
    return [
        *[
            sample(f"smoothing, reduction {r}", normal(5, 4), whole(4, 5), reduction=r, label_smoothing=0.2)
            for r in REDUCTIONS
        ],
        sample("smoothing of 1", normal(5, 4), whole(4, 5), label_smoothing=1.0),
        *[
            sample(
                f"smoothing, weights and ignored, reduction {r}",
                normal(2, 4, 2, 1),
                fixed([[[0], [-100]], [[1], [3]]]),
                w,
                reduction=r,
                label_smoothing=0.1,
            )
            for r in REDUCTIONS
        ],
        *[
            sample(f"probabilities, weights, reduction {r}", normal(3, 4), positive(3, 4), w, reduction=r)
            for r in REDUCTIONS
        ],
        sample("probabilities, smoothing", normal(3, 4), positive(3, 4), label_smoothing=0.3),
        sample(
            "probabilities, smoothing and weights", normal(2, 4, 2, 3), positive(2, 4, 2, 3), w, label_smoothing=0.3
        ),
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
    bad(
        ArgumentError, "weight is 'sum'; it must be numbers. Write reduction='sum'", normal(2, 3), fixed([0, 1]), "sum"
    ),
    bad(ShapeError, r"weight has shape \(2,\); 3 classes need \(3,\)", normal(2, 3), fixed([0, 1]), fixed([1.0, 2.0])),
    *[
        bad(
            ArgumentError,
            "weight holds .*; weights must be finite and at least 0",
            normal(2, 3),
            fixed([0, 1]),
            fixed([1.0, w, 1]),
        )
        for w in (-1.0, np.nan, np.inf)
    ],
]
NOT_FOR_MARGINS = [
    bad(ArgumentError, "ignore_index is 0.5; it must be a whole number", normal(2, 3), fixed([0, 1]), ignore_index=0.5),
    bad(ArgumentError, r"target\[2\] is -7; 3 classes", normal(3, 3), fixed([0, -1, -7]), ignore_index=-1),
    bad(
        ArgumentError,
        "every label is ignored or weighs 0, and there is no mean loss",
        normal(2, 3),
        fixed([-100, -100]),
    ),
    bad(ArgumentError, "every label is ignored or weighs 0", normal(1, 3), fixed([1]), fixed([1.0, 0.0, 1.0])),
]

OPS = [
    Op(
        ops.cross_entropy,
        [
            *labelled(),
            *weighted(),
            *smoothed(),
            *[sample(f"probabilities, reduction {r}", normal(3, 4), positive(3, 4), reduction=r) for r in REDUCTIONS],
            sample("probabilities, pictures", normal(2, 3, 2, 2), positive(2, 3, 2, 2)),
            sample("large logits", fixed([[900.0, 0.0, -900.0], [0.0, 1.0, 2.0]]), fixed([0, 1])),
        ],
        [
            *ERRORS,
            *NOT_FOR_MARGINS,
            *[
                bad(ArgumentError, f"label_smoothing is {e}", normal(2, 3), fixed([0, 1]), label_smoothing=e)
                for e in (-0.1, 1.1, np.nan)
            ],
            bad(
                ArgumentError,
                "ignore_index is 0, but target holds probabilities, not labels",
                normal(2, 3),
                positive(2, 3),
                ignore_index=0,
            ),
        ],
        lambda torch: torch.nn.functional.cross_entropy,
        linear_in=(1,),
    ),
    Op(
        ops.nll_loss,
        [*labelled(), *weighted()],
        [*ERRORS, *NOT_FOR_MARGINS],
        lambda torch: torch.nn.functional.nll_loss,
        linear_in=(0,),
    ),
]
