"""The command  tinyconv train."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

from . import data
from .errors import ArgumentError, DataError
from .train import config as settings
from .train.augment import Augmentation
from .train.schedules import SCHEDULES
from .train.words import parse_schedule, parse_words

EXAMPLES = """examples:
  tinyconv train                                              LeNet-5 on MNIST
  tinyconv train resnet20 --data cifar10 --augment crop=4 hflip --epochs 30 --lr 0.1
  tinyconv train vgg11_bn --data my_pictures --size 64 --validation 0.1
  tinyconv train --config configs/deck_mnist.toml --seed 1    a file of settings, one of them changed
  tinyconv train resnet18 --data my_pictures --weights resnet18.safetensors --freeze 'layer[123].*' --body-lr 0.01
  tinyconv train --resume runs/lenet5-mnist-20260101-120000   go on after a crash, to the same bits

A folder of pictures has a sub-folder for each class, or train/ and test/ with such sub-folders."""


def train(options: argparse.Namespace) -> int:
    """Train a model, evaluate it on the test set, and write everything into a new folder."""
    from .cli_report import show_report
    from .train.console import Output
    from .train.run import resume
    from .train.run import train as start

    say = Output().line  # never fails: a training must not end because nobody reads its messages
    if options.resume:
        _refuse_beside_resume(options)
        folder = Path(options.resume)
        say(f"Going on with {folder}")
    else:
        config = configuration(options)
        name = f"{config.model}-{Path(config.data).resolve().name}-{time.strftime('%Y%m%d-%H%M%S')}"
        folder = Path(options.out or Path("runs", name))
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
        print(f"\nBroken off. {_go_on(folder)}", file=sys.stderr)
        return 130
    except DataError as error:
        if error.operation == "writing" and (folder / "checkpoint.safetensors").exists():  # a full disk, say
            error.problem += f" {_go_on(folder)}"
        raise
    show_report(report, folder)
    return 0


def _go_on(folder: Path) -> str:
    return f"Go on with: tinyconv train --resume {shlex.quote(str(folder))}"


def _refuse_beside_resume(options: argparse.Namespace) -> None:
    others = [key for key, value in vars(options).items() if value is not None and key not in ("command", "resume")]
    if others:
        names = ", ".join("MODEL" if key == "model" else "--" + key.replace("_", "-") for key in others)
        raise ArgumentError("train", f"--resume goes on with the run's own configuration; leave out {names}.")


def configuration(options: argparse.Namespace) -> settings.Config:
    """The configuration file, if one is given, with what the command line says laid over it."""
    base = settings.Config.from_file(options.config) if options.config else settings.Config()
    given = {key: value for key, value in vars(options).items() if key in vars(base) and value is not None}
    for table in {"augment", "options"} & given.keys():
        given[table] = parse_words(given[table])
    return settings.Config(**{**vars(base), **given})


def _number_or_word(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def add_command(commands: Any) -> None:
    """Add it to the parser's commands."""
    p = commands.add_parser(
        "train",
        help="train a model and evaluate it",
        description=train.__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.set_defaults(command=train)
    default = settings.Config()
    p.add_argument("model", nargs="?", help=f"a classifier that `tinyconv models` lists (default {default.model})")
    p.add_argument("--options", nargs="+", metavar="OPTION=VALUE", help="the model's own, such as dropout=0.2 width=32")

    group = p.add_argument_group("data")
    group.add_argument("--data", metavar="DATA", help=f"a folder of pictures, or {', '.join(data.names())}")
    group.add_argument("--size", type=int, help="side of the pictures (default: as they are, or the model's own)")
    group.add_argument(
        "--bad", choices=("raise", "skip"), help="files in a folder that are no pictures (default raise)"
    )
    group.add_argument("--validation", type=float, help="share of the training pictures held out (default 0)")
    group.add_argument("--limit", type=int, help="train on so many pictures only")
    kinds = ", ".join(field.name for field in fields(Augmentation))
    group.add_argument("--augment", nargs="+", metavar="KIND=VALUE", help=f"{kinds}; e.g. rotation=5 zoom=0.2 hflip")
    group.add_argument(
        "--num-workers", type=int, help="threads that prepare batches (default 0, or 1 if that takes time)"
    )

    group = p.add_argument_group("learning")
    group.add_argument("--epochs", type=int, help=f"default {default.epochs}")
    group.add_argument("--batch-size", type=int, help=f"default {default.batch_size}")
    group.add_argument("--optimizer", help=f"{', '.join(settings.OPTIMIZERS)} (default {default.optimizer})")
    rates = ", ".join(f"{lr:g} for {name}" for name, lr in settings.LEARNING_RATES.items())
    group.add_argument("--lr", type=float, help=f"learning rate (default {rates})")
    group.add_argument("--momentum", type=float, help=f"of sgd and lars (default {default.momentum})")
    group.add_argument("--weight-decay", type=float, help=f"default {default.weight_decay}")
    group.add_argument(
        "--schedule",
        type=parse_schedule,
        metavar="NAME[:OPTION=VALUE,...]",
        help=f"{', '.join(SCHEDULES)} (default {default.schedule}); e.g. plateau:factor=0.5,patience=5",
    )
    group.add_argument("--label-smoothing", type=float, help=f"default {default.label_smoothing:g}")
    group.add_argument("--clip-grad-norm", type=float, help="the most that the gradients' norm may be")
    group.add_argument(
        "--average", type=_number_or_word, help="of the weights: 0.999, a moving average's decay, or mean"
    )
    group.add_argument("--early-stopping", type=int, metavar="EPOCHS", help="stop after so many without improvement")
    group.add_argument("--seed", type=int, help=f"default {default.seed}")

    group = p.add_argument_group("starting from another net")
    group.add_argument(
        "--weights", metavar="FILE", help="safetensors; what does not fit, such as the head, is left out"
    )
    group.add_argument("--freeze", nargs="+", metavar="PATTERN", help="parameters that stay as they are: 'features.*'")
    group.add_argument("--body-lr", type=float, help="learning rate of all but the head")

    group = p.add_argument_group("machine")
    group.add_argument(
        "--engine", help="numba, numpy, cuda, or loops, which takes a second a picture (default: fastest)"
    )
    group.add_argument("--device", help=f"cpu or cuda (default {default.device})")
    group.add_argument("--precision", help=f"float32, or float16 on a GPU (default {default.precision})")

    group = p.add_argument_group("files")
    group.add_argument(
        "--config", metavar="FILE", help="a TOML file of settings, or the config.json of a run to repeat"
    )
    group.add_argument("--out", metavar="FOLDER", help="a new folder for the run (default runs/MODEL-DATA-TIME)")
    group.add_argument("--logs", nargs="+", metavar="KIND", help=f"{', '.join(settings.LOGS)}, besides history.jsonl")
    group.add_argument("--save-every", type=int, metavar="EPOCHS", help="keep the weights of every so many epochs")
    group.add_argument("--checkpoint-every", type=int, metavar="BATCHES", help=f"default {default.checkpoint_every}")
    group.add_argument("--no-doctor", dest="doctor", action="store_false", default=None, help="no warnings of mistakes")
    group.add_argument("--resume", metavar="FOLDER", help="go on with a run that was broken off")
