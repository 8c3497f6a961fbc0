"""The command  tinyconv models."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from . import models
from .train.console import Output

HEADINGS = ("model", "year", "task", "input", "parameters", "multiply-adds", "paper")
NUMBERS = ("input", "parameters", "multiply-adds")  # columns that stand to the right


def show(options: argparse.Namespace) -> int:
    """List the architectures: who published them, how many parameters they have, how much they compute.

    Multiply-adds are those of convolutions and dense layers, for one picture of the paper's size. With --plot a picture
    is drawn of them, the numbers of parameters and the published accuracies.
    """
    from .zoo import plot_zoo, zoo

    entries = zoo(models.names(options.task))
    rows = [
        (
            entry.card.name,
            str(entry.card.year or "-"),
            entry.card.task,
            "x".join(map(str, entry.card.input)),
            f"{entry.parameters:,}",
            f"{entry.multiply_adds / 1e6:,.1f} M",
            entry.card.paper,
        )
        for entry in entries
    ]
    _print(rows)
    if options.plot:
        plot_zoo(options.plot, entries)
        print(f"Accuracy, operations and parameters: {options.plot}")
    return 0


def _print(rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal; plain columns, as wide as they must be, elsewhere."""
    console = Output().terminal()
    if console is not None:
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD)
        for heading in HEADINGS:
            right = heading in NUMBERS
            table.add_column(heading, justify="right" if right else "left", no_wrap=heading != "paper")
        for row in rows:
            table.add_row(*row)
        console.print(table)
        return
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    for row in (HEADINGS, *rows):
        cells = (
            f"{cell:{'>' if heading in NUMBERS else '<'}{width}}"
            for heading, cell, width in zip(HEADINGS, row, widths, strict=True)
        )
        print("  ".join(cells).rstrip())


def add_command(commands: Any) -> None:
    """Add it to the parser's commands."""
    p = commands.add_parser("models", help="list the architectures", description=show.__doc__)
    p.set_defaults(command=show)
    p.add_argument("--task", help="of one task alone, such as classification")
    p.add_argument("--plot", metavar="FILE.png", help="draw accuracy against operations and parameters")
