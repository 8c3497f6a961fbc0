"""Short files, one idea each: the most lines that a file may have."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BUDGETS = {
    "tinyconv/ops/*.py": 200,
    "tinyconv/models/[!_]*.py": 150,
    "kernels/*.py": 250,
    "kernels/*.cu": 250,
    "tinyconv/**/*.py": 400,
}


@pytest.mark.parametrize(("pattern", "budget"), BUDGETS.items(), ids=BUDGETS.keys())
def test_no_file_is_longer_than_its_budget(pattern, budget):
    files = list(ROOT.glob(pattern))
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert files
    assert {name: n for name, n in lengths.items() if n > budget} == {}
