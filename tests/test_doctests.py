"""Examples in docstrings (`>>>`) give what they say. Each file is run in a folder of its own."""

import doctest
import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = [path for folder in ("tinyconv", "kernels") for path in sorted((ROOT / folder).rglob("*.py"))]
WITH_EXAMPLES = [path for path in FILES if ">>> " in path.read_text(encoding="utf-8")]


def run(path):
    """(how many failed, how many there were)"""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    name = name if name.startswith("tinyconv") else f"tinyconv.{name}"
    return doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)


def test_examples_in_docstrings_give_what_they_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(FILES) > 300
    assert {path.name: run(path).failed for path in WITH_EXAMPLES if run(path).failed} == {}
