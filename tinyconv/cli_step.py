"""The command  tinyconv step."""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from typing import Any

from . import cli_subject
from .backend import current_engine, engine
from .errors import ArgumentError
from .nn.functional import cross_entropy
from .stepping import diamond
from .stepping.steps import Steps
from .stepping.terminal import Terminal
from .stepping.trace import Trace
from .tensor import Tensor

ENGINES = ("loops", "numpy", "numba")
EXAMPLES = """examples:
  tinyconv step diamond
  tinyconv step lenet5 --image 0
  tinyconv step RUN --image seven.png --label 7 --to features.3
  tinyconv step RUN --image 12 --all > steps.txt"""


def step(options: argparse.Namespace) -> int:
    """Go through the forward and backward pass of a model on one picture, one operation at a time, forth and back.

    Each step shows the operation, its formula, what went in and came out; backward also the lines of its gradient rule,
    the gradient that arrived, and those that left: set, or added to what was there. `tinyconv step diamond` shows on
    five numbers why the order of the steps matters.
    """
    trace = Trace()
    steps = _diamond(options, trace) if options.target == "diamond" else _steps(options, trace)
    if options.all:
        for one in steps:
            print(one)
        return 0
    terminal = Terminal(steps)
    if options.to:
        found = steps.to(options.to)
        print(found if found is not None else f"no step of {options.to!r}")
    try:
        terminal.cmdloop()
    except KeyboardInterrupt:
        print()
    return 0


def _diamond(options: argparse.Namespace, trace: Trace) -> Steps:
    given = [
        f"--{name}" for name in ("image", "label", "input", "weights", "seed") if getattr(options, name) is not None
    ]
    if given:
        raise ArgumentError("step", f"the diamond is made of five numbers, it takes no {given[0]}.")
    with trace:
        y, _ = diamond()
    for event in trace.events:
        event.line = ""
    return y.steps(engine=_engine(options), forward=not options.backward)


def _engine(options: argparse.Namespace) -> str:
    return current_engine() if options.engine == "default" else options.engine


def _steps(options: argparse.Namespace, trace: Trace) -> Steps:
    if options.image is None:
        raise ArgumentError("step", "which picture? Give --image FILE, or --image 0 for the first of the test set.")
    subject = cli_subject.subject("step", options, options.image)
    if options.train:
        subject.model.train()
    name = _engine(options)
    if sys.stdout.isatty() and name == "loops":
        print("The forward pass, in plain Python loops...", flush=True)
    with trace, engine(name):
        loss = cross_entropy(subject.model(subject.x), Tensor(subject.target()))
    file = os.path.abspath(options.target.rpartition(":")[0])
    for event in trace.events:
        if not event.line.startswith(f"{file}:"):  # of this program's start, not of the user's model
            event.line = ""
    return loss.steps(engine=name, forward=not options.backward)


def add_command(commands: Any) -> None:
    """Add it to the parser's commands."""
    p = commands.add_parser(
        "step",
        help="step through a forward and backward pass",
        description=inspect.cleandoc(step.__doc__ or ""),
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.set_defaults(command=step)
    cli_subject.add_arguments(p)
    p.add_argument("--image", metavar="IMAGE", help=cli_subject.PICTURE_HELP)
    p.add_argument("--engine", default="loops", choices=(*ENGINES, "default"), help="which kernels run (default loops)")
    p.add_argument("--train", action="store_true", help="in training mode: dropout drops, batch norm uses the batch")
    p.add_argument("--backward", action="store_true", help="begin with the backward pass")
    either = p.add_mutually_exclusive_group()
    either.add_argument("--to", metavar="NAME", help="go to a layer or an operation first")
    either.add_argument("--all", action="store_true", help="print all steps and leave")
