"""The course: every lesson runs, every check refuses what is not an answer, and the notebooks are the lessons."""

import ast
import json
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from tinyconv import random

COURSE = Path(__file__).parents[1] / "docs" / "course"
lesson = SimpleNamespace(**runpy.run_path(str(COURSE / "lesson.py")))
PATHS = lesson.paths()
LARGEST = 400_000  # bytes of a notebook

each_lesson = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
each_notebook = pytest.mark.parametrize(
    ("folder", "cells"), [("notebooks", "student"), ("solutions", "solved")], ids=["notebook", "solutions"]
)


@pytest.fixture
def quick(monkeypatch):
    """Short trainings, and figures that are closed rather than shown."""
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="the lessons draw with matplotlib")
    monkeypatch.setenv("TINYCONV_QUICK", "1")
    backend = pyplot.get_backend()
    pyplot.switch_backend("Agg")
    monkeypatch.setitem(pyplot.rcParams, "figure.max_open_warning", 0)
    monkeypatch.setattr(pyplot, "show", lambda: pyplot.close("all"))
    yield
    pyplot.close("all")
    pyplot.switch_backend(backend)


@each_lesson
def test_a_lesson_runs_and_its_checks_tell_right_from_wrong(path, quick):
    page = lesson.read(path)
    names = {"__name__": "lesson"}
    for part in page.parts:
        if isinstance(part, lesson.Exercise):
            for answer in (part.unfilled, *part.wrong):
                refused = is_refused(page, answer, part.check, dict(names))
                assert refused, f"the check lets the answer in line {answer.line} pass, or does not say what is wrong"
            page.run(part.solution, names)
            page.run(part.check, names)
        elif part.kind == "code":
            page.run(part, names)


def is_refused(page, answer, check, names):
    """Does the check fail, and say why?"""
    streams = random.get_state()
    page.run(answer, names)
    try:
        page.run(check, names)
    except AssertionError as error:
        return bool(error.args)
    finally:
        random.set_state(streams)
    return False


@each_lesson
def test_a_lesson_has_its_form(path):
    page = lesson.read(path)
    text = path.read_text(encoding="utf-8")
    assert re.match(r"# \d+\. .+\n\n.*About \d+ minutes", text, re.DOTALL)
    assert text.startswith(f"# {int(path.name[:2])}. ")
    assert len(page.exercises) >= 2
    assert text.count("\n## Exercise: ") == len(page.exercises)
    for exercise in page.exercises:
        assert "..." in exercise.unfilled.text
        asserts = [node for node in ast.walk(ast.parse(exercise.check.text)) if isinstance(node, ast.Assert)]
        assert asserts
        assert all(node.msg for node in asserts), f"line {exercise.check.line}: each assert says what is wrong"


@each_lesson
def test_the_index_names_a_lesson_as_it_names_itself(path):
    number, title = re.match(r"# (\d+)\. (.+)\n", path.read_text(encoding="utf-8")).groups()
    assert f"\n| {number} | [{title}]({path.name}) | " in (COURSE / "README.md").read_text(encoding="utf-8")


@each_lesson
def test_what_explains_needs_no_answer(path):
    """The student's notebook is run without the exercises."""
    page = lesson.read(path)
    explained = [ast.parse(part.text) for part in page.parts if getattr(part, "kind", "") == "code"]
    answers = [ast.parse(exercise.solution.text) for exercise in page.exercises]
    used = set().union(*(names_in(tree, ast.Load) for tree in explained))
    assert used & set().union(*map(defined, answers)) <= set().union(*map(defined, explained))


def names_in(tree, context):
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, context)}


def defined(tree):
    functions = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return functions | arguments | names_in(tree, ast.Store)


# ---------------------------------------------------------------- notebooks


@each_notebook
@each_lesson
def test_a_notebook_is_its_lesson(path, folder, cells):
    file = COURSE / folder / f"{path.stem}.ipynb"
    notebook = json.loads(file.read_text(encoding="utf-8"))
    kept = [("markdown" if c["cell_type"] == "markdown" else "code", "".join(c["source"])) for c in notebook["cells"]]
    wanted = getattr(lesson.read(path), cells)
    expected = [("markdown" if c.kind == "markdown" else "code", lesson.notebook_source(c)) for c in wanted]
    assert kept == expected, f"to renew it: python docs/course/build.py {path.stem[:2]}"
    for cell, source in zip(notebook["cells"], wanted, strict=True):
        ran = cell.get("execution_count") is not None
        assert ran == (source.kind == "code" or (source.kind != "markdown" and cells == "solved"))
    assert file.stat().st_size < LARGEST


def test_no_notebook_is_without_a_lesson():
    stems = {path.stem for path in PATHS}
    for folder in ("notebooks", "solutions"):
        assert {file.stem for file in (COURSE / folder).glob("*")} == stems


# ---------------------------------------------------------------- links


@pytest.mark.parametrize("path", [COURSE / "README.md", *PATHS], ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    targets = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


@each_notebook
@each_lesson
def test_links_in_notebooks_lead_somewhere(path, folder, cells):
    text = "\n".join(lesson.notebook_source(c) for c in getattr(lesson.read(path), cells) if c.kind == "markdown")
    targets = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)[^)]*\)", text)
    assert [target for target in targets if not (COURSE / folder / target).exists()] == []


# ---------------------------------------------------------------- reading a lesson

EXERCISE = """```python tags=["exercise"]
y = ...
```

```python tags=["check"]
assert y == 4, "y is 2 + 2"
```

<details><summary>Solution</summary>

Count on your fingers.

```python tags=["wrong"]
y = 3
```

```python tags=["solution"]
y = 4
```

</details>
"""


def written(tmp_path, text):
    path = tmp_path / "01_sum.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_reading_a_lesson(tmp_path):
    page = lesson.read(written(tmp_path, f"# 1. Sum\n\n\n```python\n\nx = 2\n```\n\n{EXERCISE}\nThe end.\n"))
    title, code, exercise, end = page.parts
    assert (title.kind, title.text, title.line) == ("markdown", "# 1. Sum", 1)
    assert (code.kind, code.text, code.line) == ("code", "x = 2", 6)
    assert (exercise.unfilled.text, exercise.check.line) == ("y = ...", 14)
    assert ([wrong.text for wrong in exercise.wrong], exercise.solution.text) == (["y = 3"], "y = 4")
    assert [note.text for note in exercise.notes] == ["Count on your fingers."]
    assert end.text == "The end."
    assert [cell.kind for cell in page.student] == ["markdown", "code", "exercise", "check", "markdown"]
    assert [cell.kind for cell in page.solved] == ["markdown", "code", "markdown", "solution", "check", "markdown"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("```python\nx = 2\n", "01_sum.md:1: this cell is not closed"),
        ('Text\n```python tags=["exam"]\n```\n', "01_sum.md:2: .* opens no cell"),
        ("```python noplot\n```\n", "01_sum.md:1: .* opens no cell"),
        (EXERCISE.partition("<details>")[0], "01_sum.md:2: exercise, check, .* must follow each other"),
        (EXERCISE.replace('```python tags=["check"]', 'Text\n\n```python tags=["check"]'), "must follow each other"),
        (EXERCISE.partition("```\n")[2], "01_sum.md:3: exercise, check"),
    ],
    ids=["not closed", "unknown tag", "unknown option", "no solution", "text between", "no exercise"],
)
def test_a_lesson_of_another_form_is_refused(tmp_path, text, problem):
    with pytest.raises(ValueError, match=problem):
        lesson.read(written(tmp_path, text))


def test_errors_show_the_line_of_the_lesson(tmp_path):
    page = lesson.read(written(tmp_path, "# 1. Sum\n\n```python\nx = 2\nassert x == 3\n```\n"))
    with pytest.raises(AssertionError) as caught:
        page.run(page.parts[1], {})
    assert caught.traceback[-1].path == page.path
    assert caught.traceback[-1].lineno + 1 == 5


def test_links_of_a_notebook(tmp_path):
    page = lesson.read(written(tmp_path, "[a](02_tape.md#why) [b](../notation.md) [c](https://x.org/a) [d](#e)"))
    source = lesson.notebook_source(page.parts[0])
    assert source == "[a](02_tape.ipynb#why) [b](../../notation.md) [c](https://x.org/a) [d](#e)"


@pytest.mark.parametrize("answer", ["y = 4", "y = ..."])
def test_only_a_check_that_says_why_refuses(tmp_path, answer):
    """What the test of the lessons leans on."""
    page = lesson.read(written(tmp_path, EXERCISE.replace("y = ...", answer)))
    (exercise,) = page.exercises
    assert is_refused(page, exercise.unfilled, exercise.check, {}) == (answer == "y = ...")
    silent = lesson.Cell("check", "assert y == 4", 1)
    assert not is_refused(page, exercise.wrong[0], silent, {})
