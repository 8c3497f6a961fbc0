"""The classification report as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TextIO

from .console import Output
from .metrics import Report

NOTE = "* is 0/0, counted as 0: no picture was taken for this class (precision), or none is of it (recall)."


class Row(NamedTuple):
    name: str
    cells: tuple[str, ...]


HEADINGS = Row("", ("precision ", "recall ", "F1 ", "support"))  # a score ends in a blank or in a mark


def report_text(report: Report) -> str:
    """The report as aligned lines of plain text, the last with its line end too."""
    classes, totals = _class_rows(report), _total_rows(report)
    width = max(len(row.name) for row in (*classes, *totals))
    paragraphs = [map(_line, group, [width] * len(group)) for group in ([HEADINGS], classes, totals)]
    text = "\n\n".join("\n".join(lines) for lines in paragraphs)
    return f"{text}\n\n{NOTE}\n" if _any_undefined(report) else f"{text}\n"


def print_report(report: Report, file: TextIO | None = None) -> None:
    """Print the report to `file` (standard output): a table on a terminal, `report_text` elsewhere."""
    output = Output(file)
    console = output.terminal()
    if console is None:
        output.write(report_text(report))
        output.flush()
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(HEADINGS.name)
    for heading in HEADINGS.cells:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in _class_rows(report):
        table.add_row(Text(row.name), *row.cells)  # Text: a class name is no markup
    table.add_section()
    for row in _total_rows(report):
        table.add_row(row.name, *row.cells, style="bold")
    console.print(table)
    if _any_undefined(report):
        console.print(NOTE)


def _class_rows(report: Report) -> list[Row]:
    def cells(k: int) -> Iterator[str]:
        for scores, undefined in zip(report.per_class, report.undefined, strict=True):
            yield _score(scores[k], undefined[k])
        yield str(report.support[k])

    return [Row(name, tuple(cells(k))) for k, name in enumerate(report.classes)]


def _total_rows(report: Report) -> list[Row]:
    total = str(report.support.sum())
    return [
        Row("accuracy", ("", "", _score(report.accuracy), total)),
        Row("macro average", (*map(_score, report.macro), total)),
        Row("weighted average", (*map(_score, report.weighted), total)),
    ]


def _score(x: float, undefined: bool = False) -> str:
    return f"{x:.4f}{'*' if undefined else ' '}"


def _any_undefined(report: Report) -> bool:
    return any(scores.any() for scores in report.undefined)


def _line(row: Row, width: int) -> str:
    return f"{row.name:{width}}" + "".join(f"{cell:>12}" for cell in row.cells)
