"""The command  tinyconv doctor."""

from __future__ import annotations

import argparse
import json
from typing import Any

from .train.console import Output


def show(options: argparse.Namespace) -> int:
    """Say what is installed, which engines work (each is tried), threads, devices and folders, and what to mend.

    The exit status is 0 if everything that is needed works, 1 otherwise.
    """
    from .checkup import checkup
    from .checkup.facts import MARKS

    found = checkup()
    if options.json:
        print(json.dumps(found.data(), indent=2))
        return 0 if found.ok else 1
    try:
        console = Output().terminal()
    except ImportError:  # rich is one of the packages that may be missing
        console = None
    if console is None:
        print(found)
        return 0 if found.ok else 1
    from rich.text import Text

    colours = {MARKS["ok"]: "green", MARKS["note"]: "yellow", MARKS["wrong"]: "bold red"}
    for line in found.lines(console.width):
        text = Text(line, style="" if line.startswith(" ") else "bold")
        if line[2:5] in colours and line.startswith("  "):
            text.stylize(colours[line[2:5]], 2, 5)
        console.print(text, soft_wrap=True)
    return 0 if found.ok else 1


def add_command(commands: Any) -> None:
    """Add it to the parser's commands."""
    p = commands.add_parser("doctor", help="what works here, and what is missing", description=show.__doc__)
    p.set_defaults(command=show)
    p.add_argument("--json", action="store_true", help="as data")
