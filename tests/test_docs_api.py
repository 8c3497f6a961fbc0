"""The pages of docs/api have every public name, once, and no others."""

import importlib
import inspect
import re
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[1] / "docs" / "api").glob("*.md"))
DIRECTIVE = re.compile(r"^\.\. names:: (\S+)\n\n((?:   .+\n)+)", re.MULTILINE)
LISTED = [
    (page.name, module, name)
    for page in PAGES
    for module, names in DIRECTIVE.findall(page.read_text(encoding="utf-8"))
    for name in names.split()
]
MODULES = [  # the public ones, with what they list, or else define
    *["tinyconv", "tinyconv.nn", "tinyconv.nn.functional", "tinyconv.nn.init", "tinyconv.nn.utils"],
    *["tinyconv.optim", "tinyconv.optim.lr_scheduler", "tinyconv.data", "tinyconv.models", "tinyconv.train"],
    *["tinyconv.evaluation", "tinyconv.plots", "tinyconv.gradcheck", "tinyconv.ledger", "tinyconv.zoo"],
    *["tinyconv.errors", "tinyconv.filters", "tinyconv.cuda"],
    *["tinyconv.stepping", "tinyconv.explaining", "tinyconv.page", "tinyconv.graph", "tinyconv.checkup"],
]
INNER = {("tinyconv.filters", "named")}  # takes the name of the operation that it is called for


def thing(module, name):
    return getattr(importlib.import_module(module), name)


def public(module):
    """Functions and classes that a module lists or, without a list, defines."""
    found = vars(importlib.import_module(module))
    names = found.get("__all__") or [
        n for n, x in found.items() if getattr(x, "__module__", "") == module and n[0] != "_"
    ]
    things = {name: thing(module, name) for name in names}
    return {name: x for name, x in things.items() if inspect.isclass(x) or inspect.isfunction(x)}


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_has_an_entry(module):
    shown = {id(thing(where, name)) for _, where, name in LISTED}
    assert [name for name, x in public(module).items() if id(x) not in shown and (module, name) not in INNER] == []


def test_names_are_there_and_stand_once():
    assert len({(module, name) for _, module, name in LISTED}) == len(LISTED)
    for page, module, name in LISTED:
        assert (inspect.getdoc(thing(module, name)) or "").strip(), f"{page}: {module}.{name} has no docstring"
