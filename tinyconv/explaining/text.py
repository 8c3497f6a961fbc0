"""An explanation as one readable screen of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .terms import short

if TYPE_CHECKING:
    from .explanation import Explanation, Term

SHOWN = 10  # terms


def screen(explanation: Explanation) -> str:
    """What it is, its formula, the terms with their factors, and the sum beside the stored number."""
    lines = [f"{explanation.name} = {short(explanation.value)}    {origin_of(explanation)}"]
    lines += [f"    passed on by {', by '.join(explanation.route)}"] if explanation.route else []
    if explanation.sum is None:
        return "\n".join(lines)
    lines += [f"    {line}" for line in (explanation.rule, explanation.formula, *explanation.asides) if line]
    return "\n".join([*lines, *_rows(explanation), *_sums(explanation)])


def origin_of(explanation: Explanation) -> str:
    """ "conv2d in conv1 (Conv2d), called in train.py:12" """
    from .why import place_of

    event = explanation.event
    if event is None:
        return explanation.leaf
    back = "" if event.step is None else f", backward of {event.step.name}"
    if explanation.gradient_of:
        back = f", the gradient of {explanation.gradient_of}"
    called = f", called in {event.line}" if event.line else ""
    return f"{place_of(event)}{back}{called}"


def _rows(explanation: Explanation) -> list[str]:
    terms = explanation.terms(SHOWN)
    if not terms:
        return ["no terms: the sum is empty"]
    rest = explanation.remainder(SHOWN)
    cells = [[signed(term.value), "=", *_factors(term), term.note or term.path] for term in terms]
    heading = "one term" if len(explanation) == 1 else f"{len(explanation)} terms, the largest first"
    lines = [f"{heading}:", *aligned(cells)]
    if rest.number:
        lines.append(f"    {signed(rest.sum)}  from {rest.number} more")
    return lines


def _factors(term: Term) -> list[str]:
    cells = []
    for j, factor in enumerate(term.factors):
        before = "-" if term.sign < 0 and j == 0 else ""
        cells += [f"{before}{factor.name}", short(factor.value)]
        cells += [term.joined.strip()] if j < len(term.factors) - 1 else []
    return cells


def aligned(rows: list[list[str]]) -> list[str]:
    """Cells under one another; the first column to the right."""
    most = max(map(len, rows))
    rows = [[*row[:-1], *[""] * (most - len(row)), row[-1]] for row in rows]
    widths = [max(len(row[j]) for row in rows) for j in range(most)]
    return [
        ("    " + "  ".join([row[0].rjust(widths[0]), *map(str.ljust, row[1:], widths[1:])])).rstrip() for row in rows
    ]


def _sums(explanation: Explanation) -> list[str]:
    paths = [f"    {signed(value)}  {path}" for path, value in explanation.paths.items()]
    return [*paths, f"total {short(explanation.total)}; {compared(explanation)}"]


def compared(explanation: Explanation) -> str:
    """The total beside the stored number, and whether rounding explains that they differ."""
    difference = abs(explanation.total - explanation.value)
    if not difference > 0:
        return f"stored {short(explanation.value)}"
    apart = f"stored {short(explanation.value)}, which differs by {difference:.1g}"
    if difference <= explanation.rounding:
        return f"{apart}: rounding ({explanation.tensor.dtype}) explains up to {explanation.rounding:.1g}"  # type: ignore[union-attr]
    return f"{apart}, more than rounding explains ({explanation.rounding:.1g})"


def signed(value: float) -> str:
    return f"{value:+.6g}" if value else "0"
