"""The gradient check: is what backward returns the derivative of what forward computes?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinyconv import random
from tinyconv.errors import ArgumentError, GradcheckError, UnknownNameError

from .compare import METHODS, Comparison, Settings
from .report import Entry, GradcheckReport, TensorReport
from .subject import Subject, second_order

__all__ = ["Entry", "GradcheckReport", "TensorReport", "gradcheck", "gradgradcheck"]


def gradcheck(
    function: Callable[..., Any],
    inputs: Any,
    *,
    order: int = 1,
    method: str = "auto",
    rtol: float | None = None,
    atol: float | None = None,
    directions: int | None = None,
    seed: int = 0,
    raise_exception: bool = True,
) -> GradcheckReport:
    """Compare backward, a, with the derivative of forward, n:   |a - n| <= max(atol, rtol max(|a|, |n|))

    function    of `inputs`, returning a Tensor or several; for a module, parameters are checked too
    inputs      a Tensor or a sequence of arguments, floating-point ones float64
    order       2 also checks the gradient of the gradient (create_graph=True)
    method      "complex" steps, "central" differences, or for each tensor what suits it
    rtol, atol  by default 1e-9 for complex steps, 1e-6 for differences, and what rounding can do
    directions  n compares along n random directions, 0 by element; by default 16 from 513 elements on

    Outputs are weighted with random numbers (from `seed`), never summed. Kinks are told from errors.
    Random streams, buffers and gradients are left as they were.
    Raises GradcheckError with the report if the check does not pass, DTypeError for float32.
    """
    if method not in ("auto", *METHODS):
        raise UnknownNameError("gradcheck", "method", method, ("auto", *METHODS))
    if order not in (1, 2):
        raise ArgumentError("gradcheck", f"order is {order!r}; it must be 1 or 2.")
    if directions is not None and (not isinstance(directions, int) or directions < 0):
        raise ArgumentError("gradcheck", f"directions is {directions!r}; it must be None or a number of at least 0.")
    if rtol is not None and rtol <= 0:
        raise ArgumentError("gradcheck", f"rtol is {rtol}; it must be above 0.")
    rng = np.random.default_rng(seed)
    report = GradcheckReport(seed)
    settings = Settings(method, rtol, atol, directions)
    streams = random.get_state()
    try:
        subject = Subject.of(function, inputs)
        first = Comparison(subject, settings, rng, report)
        first.run()
        if order == 2 and report.passed:
            report.notes.append("the gradient of the gradient was checked as well.")
            Comparison(second_order(subject, first.ruler.weights), settings, rng, report).run()
    finally:
        random.set_state(streams)
    if raise_exception and not report.passed:
        raise GradcheckError("gradcheck", str(report))
    return report


def gradgradcheck(function: Callable[..., Any], inputs: Any, **options: Any) -> GradcheckReport:
    """`gradcheck` to the second order; options as there."""
    return gradcheck(function, inputs, order=2, **options)
