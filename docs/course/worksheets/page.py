"""A sheet as one HTML file: the problems with empty boxes, and on a new page the answers."""

from pathlib import Path

import numpy as np
from diagram import drawing
from formulas import formula, prose
from sheet import Grid, Problem, Sheet, number

STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: worksheet {seed}</title>
<style>
{style}</style>
</head>
<body>
<main>
<header><h1>{title}</h1><p class="name">Name <span></span> Date <span></span></p></header>
<p>{lead}</p>
<div class="formulas">
{formulas}
</div>
{problems}
</main>
<main class="answers">
<header><h1>{title}: answers</h1><p class="name">Worksheet {seed}</p></header>
{answers}
</main>
</body>
</html>
"""


def page(sheet: Sheet, seed: int) -> str:
    return PAGE.format(
        title=sheet.title,
        seed=seed,
        style=STYLE,
        lead=prose(sheet.lead),
        formulas="\n".join(f"<p>{prose(text)}</p>" for text in sheet.formulas),
        problems="\n".join(_problem(i, problem) for i, problem in enumerate(sheet.problems, start=1)),
        answers="\n".join(_answer(i, problem) for i, problem in enumerate(sheet.problems, start=1)),
    )


def _problem(i: int, problem: Problem) -> str:
    lines = "\n".join(_line(line, answers=False) for line in problem.lines)
    return f"<section>\n<h2>{i}</h2>\n<p>{prose(problem.words)}</p>\n{lines}\n</section>"


def _answer(i: int, problem: Problem) -> str:
    """What was asked, alone."""
    asked = [[part for part in line if not isinstance(part, Grid) or part.blank] for line in problem.lines]
    lines = "\n".join(_line(line, answers=True) for line in asked if line)
    remark = f"<p>{prose(problem.remark)}</p>" if problem.remark else ""
    return f"<section>\n<h2>{i}</h2>\n{lines}\n{remark}\n</section>"


def _line(parts: list, answers: bool) -> str:
    drawn = [_grid(part, answers) if isinstance(part, Grid) else drawing(part, answers) for part in parts]
    return '<div class="line">\n' + "\n".join(drawn) + "\n</div>"


def _grid(grid: Grid, answers: bool) -> str:
    values = np.atleast_2d(grid.values)
    texts = grid.written or tuple(number(value) for value in values.ravel())
    shown = len(texts) if answers or not grid.blank else grid.done
    is_whole = all("." not in number(value) for value in values.ravel())
    kind = ("blank" if grid.blank else "given") + ("" if is_whole else " decimals")
    cells = [f'<td class="{kind}">{text if i < shown else ""}</td>' for i, text in enumerate(texts)]
    per_row = values.shape[1]
    rows = [cells[start : start + per_row] for start in range(0, len(cells), per_row)]
    if grid.rows:
        rows = [[f'<th scope="row">{prose(label)}</th>', *row] for label, row in zip(grid.rows, rows, strict=True)]
    if grid.columns:
        corner = ["<th></th>"] if grid.rows else []
        rows.insert(0, corner + [f"<th>{prose(label)}</th>" for label in grid.columns])
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    name = f"<figcaption>{formula(grid.name)}</figcaption>" if grid.named else ""
    return f"<figure>{name}<table>\n{body}\n</table></figure>"
