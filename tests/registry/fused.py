"""Operations that follow one another, as one: every combination, at places where nothing ties."""

import numpy as np

from tinyconv.geometry import Window
from tinyconv.ops import fused as ops

from . import Op, constant, normal, sample

SAME, VALID, TWO = Window((3, 3), padding=((1, 1), (1, 1))), Window((2, 3)), Window((2, 2), (2, 2))
OVERLAPPING = Window((3, 3), (2, 2), ((1, 1), (1, 1)))
ARGUMENTS = normal(2, 2, 6, 5), normal(3, 2, 3, 3), normal(3)
# Without gradients of their own.
PICTURE, WEIGHT = (constant(np.random.default_rng(0).standard_normal(shape)) for shape in ((1, 2, 4, 5), (2, 2, 2, 3)))
BIAS = constant(np.array([0.5, -0.5]))

OPS = [
    Op(
        ops.conv2d_relu,
        [
            sample("alone", *ARGUMENTS, SAME),
            sample("no bias", normal(1, 2, 4, 5), normal(2, 2, 2, 3), None, VALID),
            sample("pooling", *ARGUMENTS, SAME, TWO),
            sample("overlapping pooling", *ARGUMENTS, SAME, OVERLAPPING),
            sample("dropout", *ARGUMENTS, SAME, None, 0.4),
            sample("pooling and dropout", *ARGUMENTS, SAME, TWO, 0.25),
            sample("dropout of a half", *ARGUMENTS, SAME, None, 0.5),
            sample("gradient of the input alone", normal(1, 2, 4, 5), WEIGHT, BIAS, VALID),
            sample("gradient of the weight alone", PICTURE, normal(2, 2, 2, 3), BIAS, VALID),
            sample("gradient of the bias alone", PICTURE, WEIGHT, normal(2), VALID),
        ],
    ),
    Op(
        ops.tanh_avg_pool2d,
        [
            sample("two by two", normal(2, 3, 6, 4), TWO),
            sample("odd picture", normal(1, 2, 5, 7), TWO),
            sample("overlapping", normal(2, 1, 7, 5), Window((3, 3), (2, 2))),
            sample("non-square", normal(1, 2, 5, 6), Window((2, 3), (2, 1))),
            sample("one pixel", normal(1, 1, 1, 1), Window((1, 1))),
        ],
    ),
]
