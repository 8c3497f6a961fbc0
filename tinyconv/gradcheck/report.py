"""What a gradient check found, in numbers and in plain words."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from .curve import Curve

# Relative error below which ..., after cs231n, "Gradient checks" (neural-networks-3, Stanford 2016), which has 1e-7.
BANDS = (
    (1e-6, "right"),
    (1e-4, "right only if there are kinks nearby; too large for a smooth function"),
    (1e-2, "suspicious: there is probably a small mistake"),
    (float("inf"), "wrong"),
)


@dataclass(frozen=True)
class Entry:
    """One comparison: an element of a gradient, or its component along a random direction.

    index     of the element; the number of the direction
    width     how far the true value may lie from `numeric`: rounding, or half the jump at a kink
    error     |analytic - numeric|, at a kink what is beyond the width, relative to the larger of both
    is_kink   the function has a corner here, or is too rough to be differentiated
    """

    name: str
    index: tuple[int, ...] | int
    analytic: float
    numeric: float
    width: float
    error: float
    is_kink: bool

    def __str__(self) -> str:
        place = list(self.index) or "" if isinstance(self.index, tuple) else f" along direction {self.index}"
        width = f" +- {self.width:.1g}" if self.is_kink else ""
        numeric = f"{self.numeric:.10g}{width}"
        return f"{self.name}{place}: backward gives {self.analytic:.10g}, the differences {numeric}"


@dataclass(frozen=True)
class TensorReport:
    """The comparison for one tensor.

    method   "complex step" or "central differences"
    by       "elements" or "random directions"
    entries  how many comparisons were made
    worst    the one with the largest error
    kinks    those at kinks
    """

    name: str
    method: str
    by: str
    entries: int
    worst: Entry | None
    kinks: list[Entry]

    @property
    def max_error(self) -> float:
        return self.worst.error if self.worst else 0.0

    def __str__(self) -> str:
        kinks = f" ({len(self.kinks)} at kinks)" if self.kinks else ""
        counted = f"{self.entries} {self.by}{kinks}"
        return f"{self.name}: {counted} by {self.method}: largest relative error {self.max_error:.1e}"


@dataclass
class GradcheckReport:
    """The result of `gradcheck`; true if it passed, and str() says it in words.

    problems  why it did not pass, in a sentence or two each, with a guess at the cause
    notes     what limits the check without failing it
    worst     the comparison with the largest error, and
    curve     its error against the step, measured when first asked for; plot(path) draws it
    seed      to have the same random numbers again: gradcheck(..., seed=report.seed)
    """

    seed: int
    tensors: list[TensorReport] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    measure: Callable[[Entry], Curve] | None = field(default=None, repr=False)

    @property
    def passed(self) -> bool:
        return not self.problems

    def __bool__(self) -> bool:
        return self.passed

    @property
    def worst(self) -> Entry | None:
        """The entry with the largest relative error."""
        entries = [t.worst for t in self.tensors if t.worst is not None]
        return max(entries, key=lambda entry: entry.error, default=None)

    @property
    def max_error(self) -> float:
        return self.worst.error if self.worst else 0.0

    @cached_property
    def curve(self) -> Curve | None:
        """How far the differences lie from backward's value, step by step; None if nothing was compared."""
        return None if self.worst is None or self.measure is None else self.measure(self.worst)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Draw the curve as PNG, on logarithmic axes. Needs matplotlib."""
        from .plot import plot_curve

        plot_curve(self, path)

    @property
    def kinks(self) -> list[Entry]:
        return [kink for t in self.tensors for kink in t.kinks]

    @property
    def entries(self) -> int:
        return sum(t.entries for t in self.tensors)

    @property
    def summary(self) -> str:
        """The verdict, the problems and the notes, without the tensors one by one."""
        verdict = "passed" if self.passed else "FAILED"
        lines = [f"gradient check {verdict}: largest relative error {self.max_error:.1e} ({band(self.max_error)})"]
        lines += [f"  problem: {problem}" for problem in self.problems]
        lines += [f"  steps: {self.curve.verdict}"] if not self.passed and self.max_error and self.curve else []
        lines += [f"  kink: {kink}" for kink in self.kinks[:5]]
        lines += [f"  ... and {len(self.kinks) - 5} more kinks"] if len(self.kinks) > 5 else []
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join([*lines, f"  random numbers: seed={self.seed}"])

    def __str__(self) -> str:
        verdict, *details = self.summary.splitlines()
        return "\n".join([verdict, *(f"  {t}" for t in self.tensors), *details])


def band(error: float) -> str:
    """What a relative error of this size means, in words."""
    return next(meaning for limit, meaning in BANDS if error < limit or limit == float("inf"))
