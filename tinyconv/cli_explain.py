"""The command  tinyconv explain."""

from __future__ import annotations

import argparse
import inspect
from pathlib import Path
from typing import Any

from . import cli_subject

EXAMPLES = """examples:
  tinyconv explain RUN seven.png
  tinyconv explain RUN 12 -o twelve.html
  tinyconv explain resnet20 frog.png --label 6 -o frog.html
  tinyconv explain nets.py:Net photograph.jpg --input 3x32x32"""


def explain(options: argparse.Namespace) -> int:
    """Write a page of a model and a picture: one HTML file that opens in any browser, without a network.

    It shows the feature maps of every layer and their gradients; a click on any number shows the arithmetic behind it,
    forward or backward.
    """
    from .page import explain_html

    subject = cli_subject.subject("explain", options, options.image)
    name = Path(options.target).resolve().name if Path(options.target).is_dir() else options.target.rpartition(":")[2]
    label = subject.label if subject.known else None
    page = explain_html(subject.model, subject.x, label, options.out, classes=subject.classes, title=name)
    print(f"The page: {page}")
    return 0


def add_command(commands: Any) -> None:
    """Add it to the parser's commands."""
    p = commands.add_parser(
        "explain",
        help="write a page in which every number can be clicked",
        description=inspect.cleandoc(explain.__doc__ or ""),
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.set_defaults(command=explain)
    cli_subject.add_arguments(p)
    p.add_argument("image", metavar="IMAGE", help=cli_subject.PICTURE_HELP)
    p.add_argument("-o", "--out", metavar="FILE", default="page.html", help="where to write it (default page.html)")
