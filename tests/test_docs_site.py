"""What the site makes of docstrings: every word of them, each line in its place. (The CI builds the whole site.)"""

import importlib
import inspect
import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="Sphinx is not installed: pip install -e '.[docs]'")
FOLDER = Path(__file__).parents[1] / "docs" / "_sphinx"


@pytest.fixture(scope="module")
def docstrings():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield importlib.import_module("docstrings")
    sys.modules.pop("docstrings")


CONV = """y[n,f] = b[f] + sum over c of w[f,c] x[n,c]     (a correlation)

x (N, C, H, W)  ->  y (N, F, OH, OW). The kernel is not flipped, as nowhere
in tinyconv: `pad` makes the border.
padding: a number, or "same".
stride   how far apart windows are,
         a number
groups   how many
    w <- w - lr v        (the step)
    v = 1                for once
1. First this,
   then that.
LeCun et al. 1989, arXiv:1234.56789
"""


def test_each_line_is_what_it_looks_like(docstrings):
    found = [(kind, len(lines)) for kind, lines in docstrings.pieces(CONV)]
    first = [("formula", 1), ("formula", 1), ("prose", 2), ("named", 1)]
    assert found == [*first, ("list", 5), ("steps", 2), ("source", 1)]


def test_blocks_lists_and_links(docstrings):
    shown = docstrings.shown("Words.\n\n    w <- w - lr v        (the step)\n\nArXiv: arXiv:1234.56789, shape (N, C)")
    words, block, last = shown
    assert block.astext() == "w <- w - lr v    (the step)"  # no wider gap than four
    assert [link["refuri"] for link in last.findall(docstrings.nodes.reference)] == ["https://arxiv.org/abs/1234.56789"]
    (items,) = docstrings.shown("groups  how many\n        there are\nstride  how far")
    assert [item.astext().split("\n\n") for item in items] == [["groups", "how many there are"], ["stride", "how far"]]


def test_python_is_told_from_equations(docstrings):
    python, equations = docstrings.shown("    y = layer(x)\n    y.sum()"), docstrings.shown("    s <- s + g^2")
    assert (python[0]["language"], equations[0]["language"]) == ("python", "text")


def bare(text):
    return re.sub(r"[\s`:]|^\d+\.", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize(
    "module", ["tinyconv", "tinyconv.nn", "tinyconv.nn.functional", "tinyconv.optim", "tinyconv.data"]
)
def test_no_word_of_a_docstring_is_lost(module, docstrings):
    things = vars(importlib.import_module(module))
    for name in things["__all__"]:
        text = inspect.getdoc(things[name]) if callable(things.get(name)) else None
        if text:
            assert bare("".join(node.astext() for node in docstrings.shown(text))) == bare(text), name
