"""Operations that pass numbers on, and the sum that is the gradient of repeating them."""

from __future__ import annotations

import numpy as np

from .case import Case, explains, grid, passes_on
from .terms import Column, Origin, Part, Sum, total


@passes_on("clone", "to")
def same_place(case: Case) -> Origin:
    return Origin(case.x, case.at)


@passes_on("reshape")
def reshape(case: Case) -> Origin:
    place = np.ravel_multi_index(case.at, case.event.output.shape) if case.at else 0
    return Origin(case.x, tuple(int(i) for i in np.unravel_index(place, case.x.shape)))


@passes_on("permute")
def permute(case: Case) -> Origin:
    index = dict(zip(case.argument("dims"), case.at, strict=True))
    return Origin(case.x, tuple(index[axis] for axis in range(case.x.ndim)))


@passes_on("expand")
def expand(case: Case) -> Origin:
    place = case.at[len(case.at) - case.x.ndim :]
    return Origin(case.x, tuple(0 if n == 1 else i for i, n in zip(place, case.x.shape, strict=True)))


@explains("x -> y", "sum_to")
def sum_to(case: Case) -> Sum:
    X, Y = case.x.shape, case.event.output.shape
    new = len(X) - len(Y)
    repeated = [i < new or (Y[i - new] == 1 and n != 1) for i, n in enumerate(X)]
    ranges = grid(*(n if again else 1 for n, again in zip(X, repeated, strict=True)))
    index = [r if again else case.at[i - new] for i, (r, again) in enumerate(zip(ranges, repeated, strict=True))]
    return total("y = sum of x over the places that it was repeated to", Part(Column("x", case.x, index)))
