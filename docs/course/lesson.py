"""A lesson: Markdown with Python cells, some of which are exercises with a check and a solution.

    ```python                       a cell that explains: it runs for everyone, and needs no answer to any exercise
    ```python tags=["exercise"]     what a student fills in, where it has `...`
    ```python tags=["check"]        asserts, right after it, that say in words what is wrong with an answer
    ```python tags=["wrong"]        an answer that the check must refuse; there may be several, or none
    ```python tags=["solution"]     the whole exercise cell, filled in

The last three follow an exercise in this order. Text between check and solution belongs to the solution, and
`<details>` may fold all of that away from the eyes of somebody who reads the page. All is plain Python, without
Jupyter: build.py makes notebooks of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
FENCE = re.compile(r'```python(?: tags=\["(\w+)"\])?')
FOLD = re.compile(r"<details>\s*<summary>.*</summary>|</details>")
LINK = re.compile(r"\]\((?!\w+:|#)([^)\s]+)\)")
TAGS = ("exercise", "check", "wrong", "solution")


@dataclass(frozen=True)
class Cell:
    """kind  "markdown", "code" or one of TAGS;   line  where the file has the first line of its text, from 1"""

    kind: str
    text: str
    line: int


@dataclass(frozen=True)
class Exercise:
    """The cells that belong together;   notes  the Markdown between check and solution"""

    unfilled: Cell
    check: Cell
    wrong: tuple[Cell, ...]
    notes: tuple[Cell, ...]
    solution: Cell


@dataclass(frozen=True)
class Lesson:
    """parts  what the page has, from top to bottom: cells of Markdown and code, and exercises"""

    path: Path
    parts: tuple[Cell | Exercise, ...]

    @property
    def exercises(self) -> list[Exercise]:
        return [part for part in self.parts if isinstance(part, Exercise)]

    @property
    def student(self) -> list[Cell]:
        """The cells of the notebook to work in."""
        return self._cells(lambda exercise: [exercise.unfilled, exercise.check])

    @property
    def solved(self) -> list[Cell]:
        """The cells of the notebook with the solutions."""
        return self._cells(lambda exercise: [*exercise.notes, exercise.solution, exercise.check])

    def _cells(self, of_exercise: Any) -> list[Cell]:
        cells: list[Cell] = []
        for part in self.parts:
            cells += of_exercise(part) if isinstance(part, Exercise) else [part]
        return cells

    def run(self, cell: Cell, names: dict[str, Any]) -> None:
        """Run a cell of code among the names that earlier cells made; errors show the lesson's own lines."""
        exec(compile("\n" * (cell.line - 1) + cell.text, str(self.path), "exec"), names)


def paths() -> list[Path]:
    return sorted(FOLDER.glob("[0-9][0-9]_*.md"))


def read(path: str | Path) -> Lesson:
    path = Path(path)
    return Lesson(path, tuple(_grouped(_cells(path), path.name)))


def notebook_source(cell: Cell) -> str:
    """A cell's text in a notebook, which lies a folder deeper than the lesson and links to other notebooks."""
    if cell.kind != "markdown":
        return cell.text
    return LINK.sub(lambda link: f"]({_from_notebook(link[1])})", cell.text)


def _from_notebook(target: str) -> str:
    is_lesson = re.match(r"\d\d_\w+\.md", target)
    return target.replace(".md", ".ipynb", 1) if is_lesson else f"../{target}"


def _cells(path: Path) -> list[Cell]:
    """Markdown and code in turn; lines that only fold are left out, and so is Markdown that says nothing."""
    cells: list[Cell] = []
    kind, lines, start = "markdown", [], 1

    def end_cell() -> None:
        skipped = next((i for i, line in enumerate(lines) if line.strip()), None)
        if skipped is not None:
            cells.append(Cell(kind, "\n".join(lines).strip("\n"), start + skipped))

    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if kind == "markdown" and line.startswith("```python"):
            fence = FENCE.fullmatch(line)
            if fence is None or fence[1] not in (None, *TAGS):
                raise ValueError(f"{path.name}:{number}: {line!r} opens no cell that a lesson has")
            end_cell()
            kind, lines, start = fence[1] or "code", [], number + 1
        elif kind != "markdown" and line == "```":
            end_cell()
            kind, lines, start = "markdown", [], number + 1
        elif kind != "markdown" or not FOLD.fullmatch(line):
            lines.append(line)
    if kind != "markdown":
        raise ValueError(f"{path.name}:{start - 1}: this cell is not closed")
    end_cell()
    return cells


def _grouped(cells: list[Cell], name: str) -> list[Cell | Exercise]:
    """Each exercise with all that belongs to it in one."""
    parts: list[Cell | Exercise] = []
    rest = list(cells)
    while rest:
        cell = rest.pop(0)
        if cell.kind not in TAGS:
            parts.append(cell)
            continue
        together = [cell]
        while rest and together[-1].kind != "solution" and rest[0].kind not in ("code", "exercise"):
            together.append(rest.pop(0))
        between = together[2:-1]
        ends = [c.kind for c in (*together[:2], together[-1])]
        if ends != ["exercise", "check", "solution"] or any(c.kind == "check" for c in between):
            found = ", ".join(c.kind for c in together)
            raise ValueError(
                f"{name}:{cell.line}: exercise, check, (wrong,) solution must follow each other, not {found}"
            )
        wrong = tuple(c for c in between if c.kind == "wrong")
        notes = tuple(c for c in between if c.kind == "markdown")
        parts.append(Exercise(cell, together[1], wrong, notes, together[-1]))
    return parts
