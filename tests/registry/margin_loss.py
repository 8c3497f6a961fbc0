"""The multi-class hinge: p of 1 and 2, margins, weights, every reduction."""

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops import margin_loss as ops

from . import LAYOUTS, Op, bad, constant, fixed, normal, sample, whole
from .loss import ERRORS, REDUCTIONS

OPS = [
    Op(
        ops.multi_margin_loss,
        [
            *[
                sample(f"p {p}, reduction {r}", normal(4, 3), whole(3, 4), p=p, reduction=r)
                for r in REDUCTIONS
                for p in (1, 2)
            ],
            sample("margin and weights", normal(5, 3), whole(3, 5), 2, 0.5, constant([0.5, 2.0, 0.0])),
            sample("weights", normal(5, 3), whole(3, 5), 1, 1.0, constant([0.5, 2.0, 0.0])),
            sample("a margin below 0", normal(5, 3), whole(3, 5), margin=-0.25),
            sample("one class", normal(3, 1), whole(1, 3)),
            sample("one sample", normal(1, 5), whole(5, 1)),
            sample("empty batch", normal(0, 4), whole(4, 0), reduction="sum"),
            sample("just at the margin", fixed([[0.0, 1.0, -1.0]]), fixed([1]), kinks=True),
            *[sample(f.__name__, normal(3, 4, layout=f), whole(4, 3)) for f in LAYOUTS],
        ],
        [
            *[b for b in ERRORS if len(b.args) == 2],
            bad(
                ShapeError,
                r"input has shape \(2, 3, 1, 1\); it must be \(N, K\)",
                normal(2, 3, 1, 1),
                whole(3, 2, 1, 1),
            ),
            bad(ShapeError, r"target has shape \(2, 3\); input \(2, 3\) needs labels of", normal(2, 3), normal(2, 3)),
            bad(ArgumentError, "p is 3; it must be 1 or 2", normal(2, 3), whole(3, 2), 3),
            bad(
                ArgumentError,
                "margin is nan; it must be a finite number",
                normal(2, 3),
                whole(3, 2),
                margin=float("nan"),
            ),
            bad(ShapeError, r"weight has shape \(1,\)", normal(2, 3), whole(3, 2), 1, 1.0, fixed([1.0])),
            bad(DTypeError, "is not defined for complex numbers", fixed([[1j, 0j]]), fixed([0])),
        ],
        lambda torch: torch.nn.functional.multi_margin_loss,
    ),
]
