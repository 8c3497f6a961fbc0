"""Activation functions with a corner: both sides, the corners themselves, slopes of one and of many channels."""

import numpy as np

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops import activation_piecewise as ops
from tinyconv.tensor import Tensor

from . import LAYOUTS, Draw, Op, bad, channels_last, constant, fixed, normal, sample
from .activation import COMPLEX, ZEROS, elementwise
from .matmul import single

SIXES = sample("sixes", fixed([6.0, -1.0, 6.0, 7.0, 2.0]), kinks=True)
THREES = sample("threes", fixed([3.0, -1.0, 3.0, 4.0, 2.0]), kinks=True)
MINUS_THREES = sample("minus threes", fixed([-3.0, -1.0, -3.0, -4.0, 2.0]), kinks=True)


def wide(*shape, **layout):
    return Draw(lambda rng: 4 * rng.standard_normal(shape), **layout)


def of_functional(name):
    return lambda torch: getattr(torch.nn.functional, name)


def with_slopes(label, x, C):
    return sample(label, x, normal(C))


OPS = [
    Op(ops.relu6, [*elementwise(), sample("wide", wide(5, 7)), ZEROS, SIXES], [COMPLEX], of_functional("relu6")),
    Op(
        ops.relu6_input,
        [
            sample("wide", normal(5, 7), wide(5, 7, layout=Tensor)),
            sample("corners", normal(4), constant([0.0, -1.0, 6.0, 2.0])),
            *[sample(f.__name__, normal(3, 4, layout=f), wide(3, 4, layout=Tensor)) for f in LAYOUTS],
        ],
        linear_in=(0,),
    ),
    Op(
        ops.prelu,
        [
            with_slopes("one slope", normal(3, 4, 2), 1),
            with_slopes("features", normal(3, 4), 4),
            with_slopes("pictures", normal(2, 3, 3, 2), 3),
            with_slopes("one channel", normal(2, 1, 2, 2), 1),
            with_slopes("a vector", normal(5), 1),
            with_slopes("0-d", normal(), 1),
            with_slopes("empty", normal(0, 3), 3),
            *[with_slopes(f.__name__, normal(3, 4, layout=f), 4) for f in LAYOUTS],
            with_slopes("channels last", normal(2, 3, 2, 2, layout=channels_last), 3),
            sample("zeros", fixed([[0.0, -1.0], [0.0, 2.0]]), normal(2), kinks=True),
        ],
        [
            bad(
                ShapeError,
                r"weight has shape \(2,\); for input \(3, 4\) it must be \(1,\) or \(4,\)",
                normal(3, 4),
                normal(2),
            ),
            bad(
                ShapeError,
                r"weight has shape \(3,\); for input \(3,\) it must be \(1,\) or \(1,\)",
                normal(3),
                normal(3),
            ),
            bad(DTypeError, "float64 and float32", normal(3, 4), single(4)),
            bad(DTypeError, "not defined for complex numbers", Draw(lambda rng: np.ones(3) * 1j), normal(1)),
        ],
        of_functional("prelu"),
        linear_in=(1,),
    ),
    Op(
        ops.elu,
        [*elementwise(), sample("another alpha", wide(3, 4), 0.3), sample("alpha 0", wide(3, 4), 0.0), ZEROS],
        [
            COMPLEX,
            bad(ArgumentError, "alpha is -1; it must be a finite number of at least 0", normal(3), -1),
            bad(ArgumentError, "alpha is nan; it must be a finite number of at least 0", normal(3), float("nan")),
        ],
        of_functional("elu"),
    ),
    Op(
        ops.elu_input,
        [
            sample("odd sizes", normal(3, 5), normal(3, 5), 1.0),
            sample("another alpha", normal(3, 5), normal(3, 5), 0.3),
            *[sample(f.__name__, normal(3, 4, layout=f), normal(3, 4), 1.0) for f in LAYOUTS],
        ],
        linear_in=(0,),
    ),
    Op(
        ops.hardsigmoid,
        [*elementwise(), sample("wide", wide(5, 7)), THREES, MINUS_THREES],
        [COMPLEX],
        lambda torch: lambda x: torch.nn.functional.relu6(x + 3) / 6,  # its own has a slope of 1/6 in float32
    ),
    Op(ops.hardswish, [*elementwise(), sample("wide", wide(5, 7))], [COMPLEX], of_functional("hardswish")),
]
