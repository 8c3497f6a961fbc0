"""The command  tinyconv predict."""

from __future__ import annotations

import argparse
import inspect
import sys
from typing import Any

from .errors import TinyconvError

EXAMPLES = """examples:
  tinyconv predict RUN seven.png three.jpg
  tinyconv predict RUN --weights best photographs/*.jpg

RUN is the folder of a run. The exit status is 1 if a picture could not be read; the others are classified."""


def predict(options: argparse.Namespace) -> int:
    """Say which class each picture file is of, and how likely that is.

    A net that has learned signs in grey, such as MNIST's digits, wants one sign on an even ground. The ground is the
    colour of the border; ink is what differs from it, darker or lighter. The sign is cut out, scaled to fit 20x20 and
    centred by its mass, as MNIST's were. For a net that has learned photographs, pictures are resized and their middle
    is cut out.
    """
    from .train.run import load_run
    from .train.run import predict as classify

    trained = load_run(options.run, options.weights)
    status = 0
    for picture in options.picture:
        try:
            said = classify(trained, picture)
        except TinyconvError as error:
            print(f"tinyconv: {error}", file=sys.stderr)
            status = 1
            continue
        (first, second), (p, q) = said.classes[:2], said.probabilities[:2]
        print(f"{picture}: {first}  ({p:.1%}; next {second}, {q:.1%})")
    return status


def add_command(commands: Any) -> None:
    """Add it to the parser's commands."""
    p = commands.add_parser(
        "predict",
        help="classify picture files",
        description=inspect.cleandoc(predict.__doc__ or ""),
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.set_defaults(command=predict)
    p.add_argument("run", metavar="RUN", help="the folder of a run")
    p.add_argument("--weights", default="last", help="last or best (default last)")
    p.add_argument(
        "picture", metavar="IMAGE", nargs="+", help="a picture file: any size, dark on light or light on dark"
    )
