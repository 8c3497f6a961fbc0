"""ONNX's conformance cases: none fails, in neither engine, and the page in docs/ says what the run gives."""

import importlib.util
import runpy
from pathlib import Path

import pytest

import tinyconv

onnx = pytest.importorskip("onnx", reason="the package onnx, which brings the cases, is not installed")
pytestmark = pytest.mark.filterwarnings("default")  # of the package that makes the cases

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "conformance.md"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(ROOT / "docs" / "conformance.py"))


@pytest.mark.timeout(300)
def test_no_case_fails_and_the_page_says_so(script):
    """One test for all of it: making the cases takes longer than running them."""
    for engine in ["numpy", *(["numba"] if importlib.util.find_spec("numba") else [])]:
        with tinyconv.engine(engine):
            found = script["results"]()
        assert [(name, why) for *_, name, outcome, why in found if outcome == "failed"] == []
        assert [name for *_, name, outcome, why in found if outcome == "out of scope" and not why] == []
        tables, page = script["tables"](found), PAGE.read_text(encoding="utf-8")
        assert counted(tables) == len(found) > 1000
        if f"cases of onnx {onnx.__version__}," in page:  # other versions have other cases
            written = page.split(script["BEGIN"])[1].split(script["END"])[0]
            assert written == tables, "to renew it: python docs/conformance.py --write"


def counted(tables):
    """The sum of all numbers of cases in the tables: none has got lost."""
    rows = [line.split("|")[1:-1] for line in tables.splitlines() if line.startswith("|")]
    ours = sum(int(n) for row in rows if "together" in row[0] for n in row[1:4])
    return ours + sum(int(row[1]) for row in rows if len(row) == 3 and row[1].strip().isdigit())


def test_a_wrong_result_is_noticed(script):
    """One wrong number fails, and so do the right ones in another type or shape."""
    (case,) = [case for case in script["cases"]("pytorch-converted") if case[0] == "test_ReLU"]
    _, model, ((inputs, (y,)),), rtol, atol = case
    wrong = y.copy()
    wrong[(0,) * y.ndim] += 0.1
    outcomes = []
    for expected in (y, wrong, y.astype("float64"), y[None]):
        outcomes.append(script["outcome"](script["adapter"](), "Relu", model, [(inputs, [expected])], rtol, atol)[0])
    assert outcomes == ["passed", "failed", "failed", "failed"]
