"""Activation functions: zeros, large numbers, any axis."""

import numpy as np

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops import activation as ops
from tinyconv.tensor import Tensor

from . import LAYOUTS, Draw, Op, bad, channels_last, constant, fixed, normal, sample

COMPLEX = bad(DTypeError, "not defined for complex numbers", Draw(lambda rng: np.ones(3) * 1j))
ZEROS = sample("zeros", fixed([0.0, -1.0, 0.0, 2.0]), kinks=True)


def elementwise(**kwargs):
    return [
        sample("odd sizes", normal(3, 5), **kwargs),
        sample("pictures", normal(2, 3, 3, 2), **kwargs),
        sample("0-d", normal(), **kwargs),
        sample("empty", normal(0, 3), **kwargs),
        *[sample(f.__name__, normal(3, 4, layout=f), **kwargs) for f in LAYOUTS],
        sample("channels last", normal(2, 3, 2, 2, layout=channels_last), **kwargs),
    ]


def gradients():
    """dy and y in the same and in different orders."""
    return [
        sample("odd sizes", normal(3, 5), normal(3, 5)),
        *[sample(f.__name__, normal(3, 4, layout=f), normal(3, 4)) for f in LAYOUTS],
        sample("channels last", normal(2, 3, 2, 2), normal(2, 3, 2, 2, layout=channels_last)),
    ]


def along_an_axis():
    return [
        sample("last axis", normal(3, 5), dim=-1),
        sample("first axis", normal(3, 5), dim=0),
        sample("channels", normal(2, 3, 2, 2), dim=1),
        sample("a single class", normal(3, 1), dim=1),
        sample("empty", normal(0, 3), dim=1),
        sample("large numbers", fixed([[1000.0, 999.0, 998.0], [-1000.0, -1001.0, -999.0]]), dim=1),
        *[sample(f.__name__, normal(3, 4, layout=f), dim=1) for f in LAYOUTS],
    ]


OUT_OF_RANGE = bad(ShapeError, r"dim 2 is out of range for shape \(2, 3\)", normal(2, 3), dim=2)

OPS = [
    Op(ops.relu, [*elementwise(), ZEROS], [COMPLEX], lambda torch: torch.relu),
    Op(
        ops.relu_input,
        [
            sample("odd sizes", normal(3, 5), normal(3, 5, layout=Tensor)),
            sample("zeros", normal(4), constant([0.0, -1.0, 0.0, 2.0])),
            *[sample(f.__name__, normal(3, 4, layout=f), normal(3, 4, layout=Tensor)) for f in LAYOUTS],
        ],
        linear_in=(0,),
    ),
    Op(
        ops.leaky_relu,
        [*elementwise(), sample("another slope", normal(3, 4), 0.3), ZEROS],
        [COMPLEX, bad(ArgumentError, "negative_slope is nan; it must be a finite number", normal(3), float("nan"))],
        lambda torch: torch.nn.functional.leaky_relu,
    ),
    Op(
        ops.leaky_relu_input,
        [
            sample("odd sizes", normal(3, 5), normal(3, 5, layout=Tensor), 0.1),
            sample("zeros", normal(4), constant([0.0, -1.0, 0.0, 2.0]), 0.1),
            sample("negative slope", normal(3, 4), normal(3, 4, layout=Tensor), -0.5),
        ],
        linear_in=(0,),
    ),
    Op(
        ops.sigmoid,
        [*elementwise(), sample("large numbers", fixed([-800.0, -8.0, 8.0, 800.0]))],
        twin=lambda torch: torch.sigmoid,
    ),
    Op(ops.sigmoid_input, gradients(), linear_in=(0,)),
    Op(ops.tanh, elementwise(), twin=lambda torch: torch.tanh),
    Op(ops.tanh_input, gradients(), linear_in=(0,)),
    Op(ops.softmax, along_an_axis(), [OUT_OF_RANGE], lambda torch: torch.softmax),
    Op(ops.log_softmax, along_an_axis(), [OUT_OF_RANGE], lambda torch: torch.log_softmax),
]
