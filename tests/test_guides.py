"""The guides to adding a layer and a kernel, really done in a copy of the repository, file by file, command by command.

Without the commands, which take a minute, the files are changed all the same.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
from test_docs_code import ROOT, examples

GUIDES = ROOT / "docs" / "guides"
WHERE = re.compile(r'(?P<end>end of )?(?:in )?(?P<path>[\w/.]+)(?:, for "(?P<line>.*)")?')


def apply(example, copy):
    """Write the file, or change it as the comment before the example says."""
    where = WHERE.fullmatch(example.file)
    path = copy / where["path"]
    if where["line"]:
        lines = path.read_text(encoding="utf-8").split("\n")
        assert lines.count(where["line"]) == 1, (
            f"{where['path']} has {lines.count(where['line'])} lines {where['line']}"
        )
        lines[lines.index(where["line"])] = example.code.rstrip("\n")
        path.write_text("\n".join(lines), encoding="utf-8")
    elif where["end"]:
        path.write_text(path.read_text(encoding="utf-8") + "\n\n" + example.code, encoding="utf-8")
    else:
        assert not path.exists(), f"{where['path']} is there already"
        path.write_text(example.code, encoding="utf-8")


def follow(page, copy, run=True):
    """Do what a guide says; its commands run in the copy."""
    for example in examples(page):
        if example.file:
            apply(example, copy)
        elif example.in_the_copy and run:
            for command in example.code.splitlines():
                program, *options = shlex.split(command.replace(".venv/bin/", ""))
                module = [] if program == "python" else ["-m", program]
                environment = os.environ | {"PYTHONPATH": str(copy), "NUMBA_CACHE_DIR": str(copy / "compiled")}
                done = subprocess.run(
                    [sys.executable, *module, *options], cwd=copy, env=environment, capture_output=True, text=True
                )
                assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-1000:]}"


@pytest.fixture
def copy(tmp_path):
    for name in ("tinyconv", "kernels", "tests", "docs"):
        ignored = shutil.ignore_patterns("__pycache__", "*.nbi", "*.nbc", "images", "course")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in ("pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "guides", [["add_a_layer.md"], ["add_a_layer.md", "add_a_kernel.md"]], ids=lambda names: names[-1]
)
def test_the_guide_can_be_followed(guides, copy):
    *before, last = guides
    for page in before:
        follow(GUIDES / page, copy, run=False)
    follow(GUIDES / last, copy)


def test_the_lines_that_the_guides_change_are_there(copy):
    for page in ("add_a_layer.md", "add_a_kernel.md"):
        follow(GUIDES / page, copy, run=False)
    assert "def mish_input" in (copy / "tinyconv" / "ops" / "activation_smooth.py").read_text(encoding="utf-8")


def test_a_line_that_is_not_there_is_noticed(tmp_path):
    page = tmp_path / "guide.md"
    page.write_text('<!-- file: in code.py, for "y = 2" -->\n\n```python\nx = 1\n```\n', encoding="utf-8")
    (tmp_path / "code.py").write_text("y = 3\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="has 0 lines y = 2"):
        follow(page, tmp_path)
