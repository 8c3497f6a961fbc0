"""docs/models.md is what docs/models.py makes of the code and of the receipts, and what it names exists."""

import json
import re
import runpy
import shlex
from pathlib import Path

import pytest
from zoo.receipts import twins

from tinyconv import cli, models

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "models.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(ROOT / "docs" / "models.py"))


def test_the_tables_are_what_code_and_receipts_say(script):
    assert script["page"]() == TEXT, "to renew it: python docs/models.py --write"


def test_every_model_is_listed_with_its_departures_and_its_receipt():
    _, sections = TEXT.split("## One by one")
    overview, _ = TEXT.split("## Pictures of nets")
    for name in models.names():
        assert f"| [{name}](#" in overview
        assert f"| `{name}` | " in sections
    for section in sections.split("\n### ")[1:]:
        assert re.search("Departures from", section), section.splitlines()[0]


def test_every_twin_has_its_receipt_and_float64_agrees(script):
    found = json.loads(script["RECEIPTS"].read_text(encoding="utf-8"))["models"]
    assert found.keys() == twins().keys()
    for name, row in found.items():
        assert (row["twin"], row["size"]) == (twins()[name].source, twins()[name].size), name
        assert max(row["float64"]) < 1e-9, name
        assert row["float32"][0] < (1e-2 if name == "senet154" else 1e-4), name  # the page says why
        assert row["float32"][1] < 1e-4 or "rounding" in row, name


def test_paths_exist():
    paths = re.findall(r"(?<![\w/])((?:docs|tests|tinyconv)/[\w/*.]+\.(?:py|md|json|png))", TEXT)
    assert len(paths) > 5
    assert [path for path in paths if not list(ROOT.glob(path))] == []
    assert (ROOT / "tinyconv" / "models").is_dir()


def test_commands_are_understood():
    commands = re.findall(r"^(tinyconv [^#\n]*)", TEXT, flags=re.MULTILINE)
    assert len(commands) >= 3
    for command in commands:
        cli.parser().parse_args(shlex.split(command)[1:])  # raises SystemExit for what it does not know


def test_the_code_on_the_page_runs():
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    names = {}
    with models_without_weights():
        exec(code, names)
    assert names["small"].fc.out_features == 10


def models_without_weights():
    from tinyconv.nn import init

    return init.skipped()
