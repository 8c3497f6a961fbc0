"""The command  tinyconv summary."""

from __future__ import annotations

import argparse
import shutil
from typing import Any

from . import models
from .cli_gradcheck import of_file, shape
from .errors import ArgumentError
from .ledger.summary import OPTIMIZERS
from .nn import Module
from .train.console import Output


def show(options: argparse.Namespace) -> int:
    """A table of a model by layer: output shape, parameters, multiply-adds, receptive field, memory; and the totals.

    The predicted peak is of a training step on the CPU.
    """
    net = _net(options)
    output = Output()
    width = shutil.get_terminal_size().columns if output.isatty() else None
    summary = net.summary(options.input, options.batch, options.optimizer)
    output.line(summary.text(width))
    if options.plot:
        from .ledger.diagram import draw

        draw(net, options.plot, summary.picture, options.target)
        output.line(f"The architecture: {options.plot}")
    return 0


def _net(options: argparse.Namespace) -> Module:
    """A model by its name, for pictures with as many channels as were given, or one of a file."""
    if options.target in models.names():
        return models.create(options.target, in_channels=options.input[0] if options.input else None)
    net = of_file("summary", options.target)
    if not isinstance(net, Module):
        raise ArgumentError(
            "summary", f"{options.target} is {type(net).__name__}; it must be a Module, or a class of one."
        )
    return net


def add_command(commands: Any) -> None:
    """Add it to the parser's commands."""
    p = commands.add_parser("summary", help="a model, layer by layer", description=show.__doc__)
    p.set_defaults(command=show)
    p.add_argument("target", metavar="MODEL", help="one that `tinyconv models` lists, or FILE.py:NAME")
    p.add_argument("--input", type=shape, metavar="CxHxW", help="the size of a picture (default: the paper's)")
    p.add_argument("--batch", type=int, default=1, metavar="N", help="pictures in a training step (default 1)")
    p.add_argument("--optimizer", default="sgd", help=f"{', '.join(OPTIMIZERS)} (default sgd, with momentum)")
    p.add_argument("--plot", metavar="FILE.png", help="draw the architecture too")
