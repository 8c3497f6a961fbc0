"""Sums, means and extremes."""

import numpy as np

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops import reduce as ops

from . import LAYOUTS, Draw, Op, bad, few, normal, sample


def axes(**kwargs):
    return [
        sample("everything", normal(3, 4), **kwargs),
        sample("one axis", normal(3, 4), 0, **kwargs),
        sample("from the end, kept", normal(2, 3, 4), -2, keepdim=True, **kwargs),
        sample("two axes", normal(2, 3, 4), (0, 2), **kwargs),
        sample("two axes, kept", normal(2, 3, 4), (2, 0), keepdim=True, **kwargs),
        sample("an axis of size 1", normal(3, 1, 2), (0, 1), **kwargs),
        sample("no pictures", normal(0, 3, 4), (1, 2), **kwargs),
        *[sample(f.__name__, normal(3, 4, layout=f), 1, **kwargs) for f in LAYOUTS],
    ]


SINGLE = [sample("0-d", normal()), sample("one element", normal(1, 1), 0)]
TIES = [sample("ties", few(4, 5), 1, kinks=True), sample("ties everywhere", few(3, 4), kinks=True)]
COMPLEX = bad(DTypeError, "not defined for complex numbers", Draw(lambda rng: np.ones(3) * 1j))
ERRORS = [
    bad(ShapeError, r"dim 2 is out of range for shape \(2, 3\)", normal(2, 3), 2),
    bad(ShapeError, "names an axis .* twice", normal(2, 3), (0, -2)),
    bad(ArgumentError, "dim is 1.0; an axis is a whole number", normal(2, 3), 1.0),
]
NOTHING = [bad(ShapeError, r"shape \(0, 3\) has no elements along \(0,\)", normal(0, 3), 0), COMPLEX]
ALONG = [
    sample("everything", normal(3, 4)),
    sample("one axis", normal(3, 4), 1),
    sample("kept", normal(2, 3, 4), -2, keepdim=True),
    *[sample(f.__name__, normal(3, 4, layout=f), 1) for f in LAYOUTS],
]
ALONG_ERRORS = [
    ERRORS[0],
    *NOTHING,
    bad(ArgumentError, r"dim is \(0, 1\); only one axis has indices. For several: am", normal(2, 3), (0, 1)),
]


def named(function):
    """With all dims for dim=None, as torch.amax wants them."""
    return lambda x, dim=(), keepdim=False: function(x, dim, keepdim)


OPS = [
    Op(ops.sum, axes() + SINGLE, ERRORS, lambda torch: torch.sum, linear_in=(0,)),
    Op(ops.mean, axes() + SINGLE, ERRORS, lambda torch: torch.mean, linear_in=(0,)),
    Op(
        ops.var,
        [
            *axes(),
            sample("divided by n", normal(3, 4), 0, 0),
            sample("divided by n, one element", normal(3, 1), 1, correction=0),
        ],
        [*ERRORS, bad(ArgumentError, "1 element.* less a correction of 1 leaves nothing", normal(3, 1), 1)],
        lambda torch: (
            lambda x, dim=None, correction=1, keepdim=False: torch.var(x, dim, correction=correction, keepdim=keepdim)
        ),
    ),
    Op(ops.amax, axes() + SINGLE + TIES, ERRORS + NOTHING, lambda torch: named(torch.amax)),
    Op(ops.amin, axes() + SINGLE + TIES, ERRORS + NOTHING, lambda torch: named(torch.amin)),
    Op(ops.max, ALONG, ALONG_ERRORS, lambda torch: torch.max),
    Op(ops.min, ALONG, ALONG_ERRORS, lambda torch: torch.min),
    Op(
        ops.argmax,
        [
            sample("everything", normal(3, 4)),
            sample("one axis", normal(3, 4), 1),
            sample("kept", normal(3, 4), -2, keepdim=True),
            sample("0-d", normal()),
            *[sample(f.__name__, normal(3, 4, layout=f), 1) for f in LAYOUTS],
        ],
        [ERRORS[0], *NOTHING],
        lambda torch: torch.argmax,
        differentiable=False,
    ),
]
