"""Comparisons and logic."""

from tinyconv.errors import DTypeError, ShapeError
from tinyconv.ops import compare as ops

from . import Op, bad, few, mask, normal, sample

COMPARED = [
    sample("ties", few(3, 5), few(3, 5)),
    sample("broadcast", few(3, 1), few(5)),
    sample("a number", few(3, 4), 1),
    sample("0-d", normal(), normal()),
    sample("empty", normal(0, 2), normal(2)),
]
MISFIT = bad(ShapeError, r"shapes \(2, 3\) and \(2,\) do not broadcast", normal(2, 3), normal(2))


def comparison(function):
    return Op(function, COMPARED, [MISFIT], lambda torch: getattr(torch, function.__name__), differentiable=False)


def logic(function, samples, error):
    return Op(function, samples, [error], lambda torch: getattr(torch, function.__name__), differentiable=False)


TWO_MASKS = [sample("equal shapes", mask(3, 4), mask(3, 4)), sample("broadcast", mask(3, 1), mask(4))]
NUMBERS = bad(DTypeError, "is for bool tensors, such as x > 0; this one is float64", normal(2), mask(2))

OPS = [
    *map(comparison, (ops.eq, ops.ne, ops.lt, ops.le, ops.gt, ops.ge)),
    logic(ops.logical_and, TWO_MASKS, NUMBERS),
    logic(ops.logical_or, TWO_MASKS, NUMBERS),
    logic(
        ops.logical_not,
        [sample("odd sizes", mask(3, 5)), sample("0-d", mask())],
        bad(DTypeError, "bool", normal(2)),
    ),
]
