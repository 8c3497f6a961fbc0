"""The page put together: template, style, scripts and the record in one HTML file."""

from __future__ import annotations

import html
import json
from importlib import resources
from typing import Any

from tinyconv._version import __version__
from tinyconv.errors import ArgumentError

from .arrays import fit
from .record import Record

LIMIT = 4_950_000  # bytes of a page

SCRIPTS = (  # in this order: what stands later uses what stands before
    "arrays.js",
    "net.js",
    "numbers.js",
    "colours.js",
    "terms.js",
    "convolution.js",
    "pooling.js",
    "activations.js",
    "norms.js",
    "dense.js",
    "pairs.js",
    "moves.js",
    "loss.js",
    "explain.js",
    "elements.js",
    "strips.js",
    "diagram.js",
    "view_terms.js",
    "view_number.js",
    "view_im2col.js",
    "view_kernels.js",
    "view_loss.js",
    "view_steps.js",
    "greeting.js",
    "keys.js",
    "page.js",
)


def assemble(record: Record, classes: list[str], title: str, given: bool) -> str:
    """The page as text.

    given  was the label given, or is it what the net took the picture for?
    """
    about = {
        **record.to_dict(),
        "title": title,
        "classes": classes,
        "given": given,
        "version": __version__,
    }
    shell = _filled(title, "")
    room = LIMIT - len(shell.encode()) - len(_json(about).encode()) - 80 * len(record.nodes.arrays)
    if not fit(record.nodes.arrays, room):
        least = sum(a.letters for a in record.nodes.arrays) + LIMIT - room
        raise ArgumentError(
            "explain_html",
            f"the page would have {least / 1e6:.1f} MB, more than 5. Give a smaller picture or a narrower net.",
        )
    about["arrays"] = [a.to_dict() for a in record.nodes.arrays]
    return _filled(title, _json(about))


def _json(about: dict[str, Any]) -> str:
    """JSON that can stand in a <script>: no "</script>" and no comment can begin in it."""
    text = json.dumps(about, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _filled(title: str, record: str) -> str:
    """The template with everything in its place."""
    script = "\n".join(_asset(name) for name in SCRIPTS)
    places = {
        "TITLE": html.escape(title),
        "STYLE": _asset("page.css"),
        "SCRIPT": f'"use strict";\n(() => {{\n{script}\n}})();',
        "RECORD": record,
    }
    head, *rest = _asset("page.html").split("{{")
    pieces = [head]
    for part in rest:
        name, _, text = part.partition("}}")
        pieces += [places[name], text]
    return "".join(pieces)


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath("assets", name).read_text(encoding="utf-8")
