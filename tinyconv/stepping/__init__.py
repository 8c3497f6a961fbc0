"""The backward debugger: a pass of the tape, one operation at a time, forth and back, with every number."""

from __future__ import annotations

from tinyconv.ops.methods import attach
from tinyconv.tensor import Operand, Tensor

from .diamond import diamond
from .event import Event
from .formula import formula, rule_source
from .places import nan, norm_above
from .step import Contribution, Step
from .steps import Steps
from .trace import Trace, trace, trace_of

__all__ = [
    "Contribution",
    "Event",
    "Step",
    "Steps",
    "Trace",
    "diamond",
    "formula",
    "nan",
    "norm_above",
    "rule_source",
    "trace",
    "trace_of",
]


def steps(y: Tensor, gradient: Operand = None, engine: str | None = "loops", forward: bool = False) -> Steps:
    """The backward pass one operation at a time:  `for step in loss.steps(): print(step)`   (see stepping.Steps)"""
    return Steps(y, gradient, engine, forward)


attach("steps", steps)
