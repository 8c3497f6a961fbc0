"""Numbers fetched from places, and brought back to them."""

from __future__ import annotations

import numpy as np

from tinyconv.backend import move

from .case import Case, explains, passes_on
from .index import marked
from .terms import Origin, Sum, total


@passes_on("from_places")
def from_places(case: Case) -> Origin | Sum:
    place = int(move(case.argument("place"), "cpu")[case.at])
    if place < 0:
        return total("y = x[place], 0 where there is no place", asides=["there is no place"])
    return Origin(case.x, tuple(int(i) for i in np.unravel_index(place, case.x.shape)))


@explains("y -> x", "to_places")
def to_places(case: Case) -> Sum:
    flat = np.ravel_multi_index(case.at, case.event.output.shape)
    hit = move(case.argument("place"), "cpu") == flat
    return total("x = sum of y over all elements whose place is this one", *marked("y", case.x, hit))
