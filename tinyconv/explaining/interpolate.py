"""Pictures made larger or smaller."""

from __future__ import annotations

import numpy as np

from .case import Case, explains
from .terms import Column, Part, Sum, total


@explains("x -> y", "resample")
def resample(case: Case) -> Sum:
    axis = case.argument("axis")
    weights = case.argument("weights")[case.at[axis]]
    (i,) = np.nonzero(weights)
    lines = Column("x", case.x, (*case.at[:axis], i, *case.at[axis + 1 :]))
    kind = {2: "row", 3: "column"}.get(axis, "line")
    part = Part(Column("R", values=weights[i]), lines, note=lambda place: f"{kind} {i[place[0]]}")
    return total("y[o] = sum_i R[o,i] x[i] along one axis", part)
