"""The error against the step: how near difference quotients come to backward's value as the step shrinks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .report import Entry

STEPS = tuple(10.0**-k for k in range(16))  # times the size of the tensor's numbers
SETTLED = 1e-4  # quotients that agree so well, from step to step, have found the derivative


@dataclass(frozen=True)
class Curve:
    """Difference quotients of one entry for many steps h.

    entry     which one; `entry.analytic` is backward's value
    steps     h (16,), from the size of the tensor's numbers down by tens
    central   (phi(h) - phi(-h)) / 2h: the error falls as h^2 until rounding, eps/h, takes over
    complex   Im phi(ih) / h: no rounding to take over; NaN where the function is not analytic
    size      what errors are relative to
    """

    entry: Entry
    steps: np.ndarray
    central: np.ndarray
    complex: np.ndarray
    size: float

    def errors(self, quotients: np.ndarray) -> np.ndarray:
        """|quotient - backward|, relative to the larger of backward's value and the derivative, if not both are 0."""
        return np.abs(quotients - self.entry.analytic) / self.size

    @property
    def verdict(self) -> str:
        """What the curve says, in plain words."""
        errors = self.errors(self.central)
        best = int(np.nan_to_num(errors, nan=np.inf).argmin())
        if self.entry.is_kink:
            return "the entry lies at a kink, where quotients tell little."
        if errors[best] < 1e-6:
            return (
                f"central differences come nearest at h = {self.steps[best]:.0e}, to {errors[best]:.0e} of backward's "
                "value; larger steps are too coarse, smaller ones drown in rounding."
            )
        jumps = np.abs(np.diff(self.central)) / self.size
        jumps = np.maximum(jumps[:-1], jumps[1:])  # to both sides: two that rounding has spoilt may agree by chance
        calm = int(np.nan_to_num(jumps, nan=np.inf).argmin())
        if jumps[calm] < SETTLED:
            return (
                f"as the step shrinks, the quotients settle at {self.central[calm + 1]:.6g} "
                f"(h = {self.steps[calm + 1]:.0e}) and stay away from backward's {self.entry.analytic:.6g}: "
                "the function is smooth here, and backward is wrong."
            )
        return "the quotients do not settle at any step: the function is rough, or random, or has kinks all around."
