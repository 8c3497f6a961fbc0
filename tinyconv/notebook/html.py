"""The HTML that all representations share. Colours are laid thinly over the notebook's own ground: light or dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

POSITIVE, NEGATIVE = (0, 114, 178), (213, 94, 0)  # told apart by the colour-blind: Okabe and Ito 2008
TRAINING, EVALUATION = "#2a8ac4", "#e0701f"  # the same, of a lightness that shows on white and on black

STYLE = """<style>
.tcn{font-family:system-ui,'Segoe UI',Helvetica,Arial,sans-serif;font-size:13px;line-height:1.45;color:inherit}
.tcn-head{display:flex;flex-wrap:wrap;gap:.2em 1em;align-items:baseline;margin:0 0 .4em}
.tcn-head b{font-weight:600}
.tcn-pale{opacity:.68}
.tcn svg+.tcn-head{margin-top:.25em}
.tcn table.tcn-numbers{border-collapse:separate;border-spacing:1px;margin:0;font-size:12px;width:auto;border:0}
.tcn table.tcn-numbers td,.tcn table.tcn-numbers th{font-family:ui-monospace,Menlo,Consolas,monospace;text-align:right;
padding:2px 7px;color:inherit;border:0;white-space:nowrap;font-weight:normal}
.tcn table.tcn-numbers th{opacity:.68;background:none}
.tcn-strip{display:flex;flex-wrap:wrap;gap:4px;margin:.3em 0}
.tcn-strip img{image-rendering:pixelated;height:64px;border:1px solid rgba(128,128,128,.45);margin:0}
.tcn-row{display:grid;grid-template-columns:minmax(13em,1.2fr) minmax(13em,2fr) 7em 7em;gap:0 1em;padding:1px 4px;
max-width:64em;
border-bottom:1px solid rgba(128,128,128,.22)}
.tcn-row>span{overflow-wrap:anywhere}
.tcn-row>.tcn-right,.tcn-right{text-align:right;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:12px}
.tcn summary{cursor:pointer;list-style:none}
.tcn summary::-webkit-details-marker{display:none}
.tcn summary .tcn-mark::before{content:"\\25B8";display:inline-block;width:1.1em;opacity:.68}
.tcn details[open]>summary .tcn-mark::before{content:"\\25BE"}
</style>"""


def card(*parts: str) -> str:
    """Everything inside one block, with its style."""
    return f'{STYLE}<div class="tcn">{"".join(parts)}</div>'


def head(title: str, notes: Iterable[str]) -> str:
    """A title in bold and pale notes after it, on a line."""
    pale = "".join(f'<span class="tcn-pale">{escape(note)}</span>' for note in notes if note)
    bold = f"<b>{escape(title)}</b>" if title else ""
    return f'<div class="tcn-head">{bold}{pale}</div>'


def cell(text: str, share: float = 0.0) -> str:
    """A cell of a table;   share  from -1 to 1: how strong its colour is, and which"""
    red, green, blue = POSITIVE if share > 0 else NEGATIVE
    tint = f' style="background:rgba({red},{green},{blue},{0.08 + 0.4 * abs(share):.2f})"' if share else ""
    return f"<td{tint}>{escape(text)}</td>"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """headings  of the columns, [] for none;   rows  of cells that are HTML"""
    top = f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in headings)}</tr>" if headings else ""
    body = "".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    return f'<table class="tcn-numbers">{top}{body}</table>'
