"""The command line:  tinyconv train | eval | predict | plot | warmup | models | summary | gradcheck | museum |
step | explain | doctor."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from . import (
    cli_doctor,
    cli_eval,
    cli_explain,
    cli_gradcheck,
    cli_models,
    cli_plot,
    cli_predict,
    cli_step,
    cli_summary,
    cli_train,
)
from ._version import __version__
from .errors import TinyconvError, TrainingWarning
from .threads import get_num_threads


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status.

    0 all is well, 1 a picture could not be read or a gradient is wrong, 2 it could not be done, 130 broken off
    with Ctrl-C.
    """
    if getattr(sys.stdout, "errors", None) == "strict":  # a picture's name may have letters that the output lacks
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    options = parser().parse_args(arguments)
    try:
        get_num_threads()  # TINYCONV_NUM_THREADS may be wrong
        with plain_warnings():
            status = options.command(options)
        print(end="", flush=True)  # what cannot be written is found out here, not after the return
        return status
    except TinyconvError as error:
        print(f"tinyconv: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ntinyconv: broken off.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read the output has left
        _give_up_output()
        return 1
    except OSError as error:  # a full disk behind standard output, a path that is too long or not ours to see
        print(f"tinyconv: {error}. Name another file or folder.", file=sys.stderr)
        _give_up_output()
        return 2


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Warnings of ours as lines of their own, without the place in the code that others' have."""
    usual = warnings.formatwarning

    def plain(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> str:
        ours = category in (UserWarning, TrainingWarning)
        return f"tinyconv: {message}\n" if ours else usual(message, category, *place, **more)

    warnings.formatwarning = plain
    try:
        yield
    finally:
        warnings.formatwarning = usual


def _give_up_output() -> None:
    """Drop what standard output did not take: Python's own flush at exit must not complain."""
    try:
        print(end="", flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def warmup(options: argparse.Namespace) -> int:
    """Compile all kernels for this machine, so that the first training step need not wait for it."""
    from .warmup import warmup as compile_all

    compile_all(options.float64)
    return 0


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="tinyconv", description="Train, evaluate and use convolutional networks.")
    top.add_argument("--version", action="version", version=f"tinyconv {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for module in (cli_train, cli_eval, cli_predict, cli_plot):
        module.add_command(commands)

    p = commands.add_parser("warmup", help="compile all kernels beforehand", description=warmup.__doc__)
    p.set_defaults(command=warmup)
    p.add_argument("--float64", action="store_true", help="for double precision too, as gradient checks need")

    cli_models.add_command(commands)
    cli_summary.add_command(commands)
    cli_gradcheck.add_commands(commands)
    for module in (cli_step, cli_explain, cli_doctor):
        module.add_command(commands)
    return top
