"""What `step` and `explain` look at: a model, a picture, and the class that is right for it."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import models
from .cli_gradcheck import of_file
from .errors import ArgumentError, DataError
from .nn import Module
from .tape import no_grad
from .tensor import Tensor

PICTURE_HELP = "a picture file, or the number of a picture of the test set (MNIST's for a model without a run)"


@dataclass(frozen=True)
class Subject:
    """A model in evaluation mode, a batch of one picture (1, C, H, W), its class, and the names of classes."""

    model: Module
    x: Tensor
    label: int
    known: bool  # was the label given, or the picture's own? Otherwise it is the likeliest
    classes: tuple[str, ...]

    def target(self) -> np.ndarray:
        """The class as a batch of labels, (1,)"""
        return np.array([self.label])


def add_arguments(p: argparse.ArgumentParser) -> None:
    """What both commands take besides the picture."""
    p.add_argument(
        "target", metavar="RUN_OR_MODEL", help="the folder of a run, a name of `tinyconv models`, or FILE.py:NAME"
    )
    p.add_argument(
        "--label",
        metavar="CLASS",
        help="the right class, by name or number (default: the one that a run's test set has; else the likeliest)",
    )
    p.add_argument("--weights", help="of a run: last or best (default last)")
    p.add_argument("--input", metavar="CxHxW", help="the size of a picture for a model without a run")
    p.add_argument("--seed", type=int, help="draws the weights of a model without a run (default 0)")


def subject(command: str, options: argparse.Namespace, picture: str) -> Subject:
    """The model and the picture that the options name."""
    is_run = Path(options.target).is_dir()
    for name in ("input", "seed") if is_run else ("weights",):
        if getattr(options, name) is not None:
            what = "a run has its own" if is_run else f"{options.target} is no run"
            raise ArgumentError(command, f"--{name} {getattr(options, name)}: {what}. Leave it out.")
    if is_run:
        return _of_run(command, options, picture)
    from .random import manual_seed

    manual_seed(options.seed or 0)
    if options.target in models.names():
        model = models.create(options.target, in_channels=_shape(command, options.input)[0] if options.input else None)
    else:
        model = _of_file(command, options.target)
    C, H, W = _shape(command, options.input) if options.input else getattr(model, "input_size", (1, 28, 28))
    x = _pixels(command, picture, C, H, W)
    return _labelled(command, model.eval(), x, None, (), options.label)


def _of_file(command: str, target: str) -> Module:
    model = of_file(command, target)
    if not isinstance(model, Module):
        raise ArgumentError(command, f"{target} is {type(model).__name__}; it must be a Module.")
    return model


def _of_run(command: str, options: argparse.Namespace, picture: str) -> Subject:
    from .train.run import load_run

    run = load_run(options.target, options.weights or "last")
    run.model.to("cpu")  # wherever it was trained
    if not picture.isdecimal():
        return _labelled(command, run.model, run.read(picture), None, run.classes, options.label)
    test = run.test_set()
    number = _in_range(command, picture, len(test))
    x = run.transform(test.batch(np.array([number])))
    return _labelled(command, run.model, x, int(test.labels[number]), run.classes, options.label)


def _pixels(command: str, picture: str, C: int, H: int, W: int) -> np.ndarray:
    """A picture of 0 to 1 (1, C, H, W): a file, or a digit of MNIST's test set, on every channel."""
    from PIL import Image

    from . import data

    if not picture.isdecimal():
        return data.read_picture(picture, C, (H, W))[None].astype(np.float32) / 255
    test = data.mnist(train=False)
    digit = Image.fromarray(test.images[_in_range(command, picture, len(test)), 0])
    pixels = np.asarray(digit.resize((W, H), Image.Resampling.BILINEAR), np.float32) / 255
    return np.repeat(pixels[None, None], C, axis=1)


def _labelled(
    command: str, model: Module, x: np.ndarray, label: int | None, classes: tuple[str, ...], asked: str | None
) -> Subject:
    """The class is the one that was asked for, or the picture's own, or the likeliest."""
    with no_grad():
        scores = model(Tensor(x))
    if not isinstance(scores, Tensor) or scores.ndim != 2:
        raise ArgumentError(command, "the model must give one score a class, (N, classes), and nothing else.")
    classes = classes or tuple(str(k) for k in range(scores.shape[1]))
    if asked is not None:
        if asked not in classes and not (asked.isdecimal() and int(asked) < len(classes)):
            raise ArgumentError(
                command, f"--label is {asked}; the classes are {', '.join(classes[:20])}, or 0 to {len(classes) - 1}."
            )
        label = classes.index(asked) if asked in classes else int(asked)
    likeliest = int(scores.data[0].argmax())
    return Subject(model, Tensor(x), likeliest if label is None else label, label is not None, classes)


def _in_range(command: str, number: str, count: int) -> int:
    if int(number) >= count:
        raise DataError(command, f"there is no picture {number}: the test set has {count}, from 0 on.")
    return int(number)


def _shape(command: str, text: str) -> tuple[int, int, int]:
    from .cli_gradcheck import shape

    try:
        C, H, W = shape(text)
    except (ValueError, argparse.ArgumentTypeError):
        raise ArgumentError(command, f"--input is {text}; write channels x rows x columns, such as 3x32x32.") from None
    return C, H, W
