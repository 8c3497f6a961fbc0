"""Arithmetic: every way of broadcasting, signs, zeros and ties."""

import numpy as np

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops import arithmetic as ops

from . import LAYOUTS, Draw, Op, bad, few, fixed, mask, normal, positive, sample


def one(draw):
    """Samples for a function of one tensor."""
    return [
        sample("odd sizes", draw(3, 5)),
        sample("0-d", draw()),
        sample("one element", draw(1, 1)),
        sample("empty", draw(0, 3)),
        *[sample(layout.__name__, draw(3, 4, layout=layout)) for layout in LAYOUTS],
    ]


def two(a, b):
    """Samples for a function of two tensors."""
    return [
        sample("equal shapes", a(3, 5), b(3, 5)),
        sample("a row on the right", a(3, 5), b(5)),
        sample("a column on the left", a(3, 1), b(3, 5)),
        sample("both broadcast", a(2, 1, 3), b(4, 1)),
        sample("0-d and a tensor", a(), b(2, 3)),
        sample("both 0-d", a(), b()),
        sample("a number on the right", a(2, 3), 1.5),
        sample("a number on the left", 1.5, b(2, 3)),
        sample("empty", a(0, 3), b(3)),
        *[sample(layout.__name__, a(3, 4, layout=layout), b(3, 4)) for layout in LAYOUTS],
    ]


MISFITS = [bad(ShapeError, r"shapes \(2, 3\) and \(2,\) do not broadcast", normal(2, 3), normal(2))]
ONLY_REAL = bad(DTypeError, "not defined for complex numbers", Draw(lambda rng: np.ones(3) * 1j))
TWO_REAL = bad(DTypeError, "not defined for complex numbers", Draw(lambda rng: np.ones(3) * 1j), normal(3))
TIES = [sample("ties", few(4, 5), few(4, 5), kinks=True)]


def signed(*shape, **layout):
    """Away from 0, of both signs."""
    return Draw(lambda rng: rng.uniform(0.5, 2, shape) * rng.choice((-1.0, 1.0), shape), **layout)


OPS = [
    Op(ops.add, two(normal, normal), MISFITS, lambda torch: torch.add, linear_in=(0, 1)),
    Op(ops.sub, two(normal, normal), MISFITS, lambda torch: torch.sub, linear_in=(0, 1)),
    Op(ops.mul, two(normal, normal), MISFITS, lambda torch: torch.mul, linear_in=(0, 1)),
    Op(ops.div, two(normal, signed), MISFITS, lambda torch: torch.div, linear_in=(0,)),
    Op(
        ops.pow,
        [
            *two(positive, normal),
            *[sample(f"to the power of {n}", signed(3, 4), n) for n in (0, 1, 2, 3, -1, -2)],
            sample("a root", positive(3, 4), 0.5),
            sample("zeros to whole powers", fixed([0.0, 0.0, 0.0]), 2),
            sample(
                *("a power each, zeros too", fixed([0.0, 0.0, 0.0, 2.0, 3.0]), fixed([1.0, 2.0, 3.0, 0.0, 2.0])),
                kinks=True,
            ),
            sample("zeros to the power of one", fixed([0.0, 0.0]), 1),
            sample("zeros to the power of zero", fixed([0.0, 0.0]), 0),
        ],
        [*MISFITS, bad(DTypeError, "whole numbers have no negative powers", fixed([1, 2]), -1)],
        lambda torch: torch.pow,
    ),
    Op(ops.maximum, two(normal, normal) + TIES, [*MISFITS, TWO_REAL], lambda torch: broadcast(torch.maximum)),
    Op(ops.minimum, two(normal, normal) + TIES, [*MISFITS, TWO_REAL], lambda torch: broadcast(torch.minimum)),
    Op(
        ops.where,
        [
            sample("equal shapes", mask(3, 5), normal(3, 5), normal(3, 5)),
            sample("everything broadcasts", mask(3, 1), normal(2, 1, 5), normal()),
            sample("numbers", mask(3, 5), 1.5, normal(5)),
            sample("empty", mask(0, 2), normal(2), normal(0, 1)),
            *[sample(f.__name__, mask(3, 4), normal(3, 4, layout=f), normal(3, 4)) for f in LAYOUTS],
        ],
        [
            bad(DTypeError, "the condition is int64; it must be bool", fixed([0, 1]), normal(2), normal(2)),
            bad(ShapeError, "do not broadcast", mask(2), normal(2, 3), normal(3)),
            bad(ShapeError, "do not broadcast", mask(2), normal(2, 3), normal(2)),
        ],
        lambda torch: torch.where,
        linear_in=(1, 2),
    ),
    Op(ops.neg, one(normal), twin=lambda torch: torch.neg, linear_in=(0,)),
    Op(ops.exp, one(normal), twin=lambda torch: torch.exp),
    Op(ops.log, one(positive), twin=lambda torch: torch.log),
    Op(ops.sqrt, one(positive), twin=lambda torch: torch.sqrt),
    Op(ops.abs, [*one(normal), sample("zeros", few(3, 4), kinks=True)], [ONLY_REAL], lambda torch: torch.abs),
    Op(
        ops.clip,
        [
            *[sample(s.label, *s.args, min=-0.5, max=0.7) for s in one(normal)],
            sample("only from below", normal(3, 4), min=0.1),
            sample("only from above", normal(3, 4), max=0.1),
            sample("at the bounds", few(3, 4), min=0, max=1, kinks=True),
        ],
        [
            bad(ArgumentError, "give min, max or both", normal(3)),
            bad(ArgumentError, "min is 2, above max, which is 1", normal(3), min=2, max=1),
            bad(ArgumentError, "max is a str; it must be a number", normal(3), max="1"),
            bad(ONLY_REAL.error, ONLY_REAL.message, *ONLY_REAL.args, min=0),
        ],
        lambda torch: torch.clip,
    ),
]


def broadcast(function):
    """PyTorch's maximum and minimum take tensors only."""

    def twin(a, b):
        import torch

        return function(*(x if isinstance(x, torch.Tensor) else torch.tensor(x, dtype=torch.float64) for x in (a, b)))

    return twin
