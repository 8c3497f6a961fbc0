"""An explanation as a table, for notebooks."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from .terms import short
from .text import SHOWN, compared, origin_of, signed

if TYPE_CHECKING:
    from .explanation import Explanation, Term

TEXT = "text-align:left;white-space:nowrap"
NUMBER = "text-align:right;font-variant-numeric:tabular-nums"


def table(explanation: Explanation) -> str:
    """What text.screen says."""
    lines = [f"<b>{escape(explanation.name)} = {short(explanation.value)}</b> &nbsp; {escape(origin_of(explanation))}"]
    if explanation.route:
        lines.append(escape(f"passed on by {', by '.join(explanation.route)}"))
    if explanation.sum is None:
        return f"<p>{'<br>'.join(lines)}</p>"
    lines += [
        f"<code>{escape(line)}</code>" for line in (explanation.rule, explanation.formula, *explanation.asides) if line
    ]
    rows = [_row(term) for term in explanation.terms(SHOWN)]
    rest = explanation.remainder(SHOWN)
    if rest.number:
        rows.append(_line(signed(rest.sum), f"from {rest.number} more"))
    rows += [_line(signed(value), path) for path, value in explanation.paths.items()]
    rows.append(_line(f"<b>{short(explanation.total)}</b>", f"total; {compared(explanation)}"))
    return f"<p>{'<br>'.join(lines)}</p><table>{''.join(rows)}</table>"


def _row(term: Term) -> str:
    """A term: its value, its factors, what is to be said of it."""
    sign = "-" if term.sign < 0 else ""
    factors = term.joined.join(f"{factor.name} ({short(factor.value)})" for factor in term.factors)
    cells = f"<code>{escape(sign + factors)}</code>", escape(term.note or term.path)
    words = "".join(f'<td style="{TEXT}">{cell}</td>' for cell in cells)
    return f'<tr><td style="{NUMBER}">{signed(term.value)}</td>{words}</tr>'


def _line(value: str, words: str) -> str:
    return f'<tr><td style="{NUMBER}">{value}</td><td style="{TEXT}" colspan="2">{escape(words)}</td></tr>'
