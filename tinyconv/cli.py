"""The command line:  tinyconv train | eval | predict | warmup | models | summary | gradcheck | museum."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import cli_gradcheck, cli_models, cli_summary, data
from ._version import __version__
from .errors import ArgumentError, TinyconvError
from .threads import get_num_threads
from .train import config as settings

FILES = {
    "last.safetensors": "weights after the last epoch",
    "best.safetensors": "weights after the best epoch",
    "config.json": "configuration",
    "history.jsonl": "history",
    "report.txt": "classification report",
    "curves.png": "loss and accuracy",
    "confusion.png": "confusion matrix",
    "mistakes.png": "misclassified pictures",
}


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


def _give_up_output() -> None:
    """Drop what standard output did not take: Python's own flush at exit must not complain."""
    try:
        print(end="", flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# ---------------------------------------------------------------- commands


def train(options: argparse.Namespace) -> int:
    """Train a model, evaluate it on the test set, and write everything into a new folder."""
    from .train.console import Output
    from .train.run import resume
    from .train.run import train as start

    say = Output().line  # never fails: a training must not end because nobody reads its messages
    if options.resume:
        _refuse_beside_resume(options)
        folder = Path(options.resume)
        say(f"Going on with {folder}")
    else:
        config = _config(options)
        folder = Path(options.out or f"runs/{config.model}-{config.data}-{time.strftime('%Y%m%d-%H%M%S')}")
        lr = settings.LEARNING_RATES[config.optimizer] if config.lr is None else config.lr
        say(
            f"Training {config.model} on {config.data}: {config.epochs} epoch(s), batches of {config.batch_size}, "
            f"{config.optimizer} with learning rate {lr:g}, seed {config.seed}\n"
            f"Everything goes to {folder}"
        )
    try:
        report = resume(folder) if options.resume else start(config, folder)
    except KeyboardInterrupt:
        if not (folder / "config.json").exists():  # nothing is there yet
            raise
        print(f"\nBroken off. Go on with: tinyconv train --resume {shlex.quote(str(folder))}", file=sys.stderr)
        return 130
    _show(report, folder)
    return 0


def _refuse_beside_resume(options: argparse.Namespace) -> None:
    others = [key for key, value in vars(options).items() if value is not None and key not in ("command", "resume")]
    if others:
        names = ", ".join("--" + key.replace("_", "-") for key in others)
        raise ArgumentError("train", f"--resume goes on with the run's own configuration; leave out {names}.")


def evaluate(options: argparse.Namespace) -> int:
    """Evaluate a trained model on the test set again; write the report and the pictures into its folder."""
    from .train.run import evaluate_run

    _show(evaluate_run(options.run, options.weights), Path(options.run))
    return 0


def predict(options: argparse.Namespace) -> int:
    """Say which class each picture file is of, and how likely that is.

    A picture shows one digit on an even ground. The ground is the colour of the border; ink is what differs from it,
    darker or lighter. The digit is cut out, scaled to fit 20x20 and centred by its mass, as MNIST's were.
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


def warmup(options: argparse.Namespace) -> int:
    """Compile all kernels for this machine, so that the first training step need not wait for it."""
    from .warmup import warmup as compile_all

    compile_all(options.float64)
    return 0


def _config(options: argparse.Namespace) -> settings.Config:
    """The configuration file, if one is given, with what the command line says laid over it."""
    base = settings.Config.from_file(options.config) if options.config else settings.Config()
    given = {key: value for key, value in vars(options).items() if key in vars(base) and value is not None}
    return settings.Config(**{**vars(base), **given})


def _show(report: Any, folder: Path) -> None:
    from .train import plots
    from .train.report import print_report

    print_report(report)
    print(f"Test accuracy {report.accuracy:.2%}. In {folder}:")
    for name, what in FILES.items():
        if (folder / name).exists():
            print(f"  {name:17} {what}")
    if not plots.available():
        print("No pictures were drawn: pip install 'tinyconv[viz]', then tinyconv eval.")


# ---------------------------------------------------------------- options


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="tinyconv", description="Train, evaluate and use convolutional networks.")
    top.add_argument("--version", action="version", version=f"tinyconv {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    p = commands.add_parser("train", help="train a model and evaluate it", description=train.__doc__)
    p.set_defaults(command=train)
    default = settings.Config()
    p.add_argument("--model", help=f"any classifier that `tinyconv models` lists (default {default.model})")
    p.add_argument("--data", help=f"{', '.join(data.names())} (default {default.data})")
    p.add_argument("--epochs", type=int, help=f"default {default.epochs}")
    p.add_argument("--batch-size", type=int, help=f"default {default.batch_size}")
    p.add_argument("--optimizer", help=f"{', '.join(settings.OPTIMIZERS)} (default {default.optimizer})")
    rates = ", ".join(f"{lr:g} for {name}" for name, lr in settings.LEARNING_RATES.items())
    p.add_argument("--lr", type=float, help=f"learning rate (default {rates})")
    p.add_argument("--momentum", type=float, help=f"of sgd (default {default.momentum})")
    p.add_argument("--weight-decay", type=float, help=f"default {default.weight_decay}")
    p.add_argument("--schedule", help=f"constant or cosine (default {default.schedule})")
    p.add_argument("--warmup", type=int, help=f"steps of rising learning rate, for cosine (default {default.warmup})")
    p.add_argument("--validation", type=float, help="share of the training pictures held out (default 0)")
    p.add_argument("--limit", type=int, help="train on so many pictures only")
    p.add_argument("--seed", type=int, help=f"default {default.seed}")
    p.add_argument(
        "--engine", help="numba, numpy, cuda, or loops, which takes a second a picture (default: the fastest)"
    )
    p.add_argument("--device", help=f"cpu or cuda (default {default.device})")
    p.add_argument("--config", metavar="FILE", help="a run's config.json, to repeat it")
    p.add_argument("--out", metavar="FOLDER", help="a new folder for the run (default runs/MODEL-DATA-TIME)")
    p.add_argument("--resume", metavar="FOLDER", help="go on with a run that was broken off")

    for name, command, text in (
        ("eval", evaluate, "evaluate a trained model on the test set again"),
        ("predict", predict, "classify picture files"),
    ):
        p = commands.add_parser(name, help=text, description=command.__doc__)
        p.set_defaults(command=command)
        p.add_argument("run", metavar="RUN", help="the folder of a run")
        p.add_argument("--weights", default="last", help="last or best (default last)")
        if command is predict:
            p.add_argument(
                "picture",
                metavar="IMAGE",
                nargs="+",
                help="a picture file: any size, dark on light or light on dark",
            )

    p = commands.add_parser("warmup", help="compile all kernels beforehand", description=warmup.__doc__)
    p.set_defaults(command=warmup)
    p.add_argument("--float64", action="store_true", help="for double precision too, as gradient checks need")

    cli_models.add_command(commands)
    cli_summary.add_command(commands)
    cli_gradcheck.add_commands(commands)
    return top
