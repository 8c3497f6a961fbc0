"""The commands  tinyconv gradcheck | museum."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from . import models
from .backend import engine
from .errors import ArgumentError, DataError, UnknownNameError
from .gradcheck import GradcheckReport, gradcheck
from .gradcheck.report import band
from .nn import Module
from .tape import no_grad
from .tensor import Tensor
from .train.console import Output

Shape = tuple[int, ...]
SIDES = (8, 16, 28, 32, 64, 96, 128, 224)  # of the pictures that are tried where no shape is given


def check(options: argparse.Namespace) -> int:
    """Check the gradients of a model, or of a function or Module in a file of yours, at random numbers.

    Everything is promoted to float64: in float32, rounding would hide errors. Gradients of large tensors are compared
    along random directions. The exit status is 0 if backward is right, 1 if it is wrong.
    """
    with engine(options.engine):
        function = _function(options.target, options.shape)
        if isinstance(function, Module):
            function.double().train(not options.eval)
        inputs = _inputs(function, options)
        shapes = " and ".join("x".join(map(str, x.shape)) for x in inputs)
        Output().line(f"{options.target}: input {shapes}, promoted to float64, engine {options.engine}")
        report = gradcheck(
            function,
            inputs,
            order=options.order,
            method=options.method,
            directions=options.directions,
            seed=options.seed,
            raise_exception=False,
        )
        _show(report)
        if options.plot:
            report.plot(options.plot)
            print(f"The error against the step: {options.plot}")
    return 0 if report.passed else 1


def museum(options: argparse.Namespace) -> int:
    """Wrong backward passes, each with its symptom; with a name: its code, and what the gradient check says of it."""
    from .gradcheck.museum import exhibits, find

    if options.name is None:
        room = ""
        for e in exhibits():
            if e.room != room:
                room = e.room
                print(f"\n{room}")
            print(f"  {e.name:40} {e.mistake.splitlines()[0]}")
        print("\ntinyconv museum NAME shows one of them.")
        return 0
    e = find(options.name)
    wrong, _ = e.functions()
    report = gradcheck(wrong, e.inputs(np.random.default_rng(options.seed)), raise_exception=False)
    print(f"{e.name}\n{e.mistake}\n\nSymptom: {e.symptom}\n\n{inspect.getsource(e.wrong)}\n{report}")
    return 0


# ---------------------------------------------------------------- what is checked, and with what input


def _function(target: str, shapes: list[Shape] | None) -> Callable[..., Any]:
    """A model by its name, or "path/to/file.py:name"; a class is called without arguments."""
    if target in models.names():
        return models.create(target, in_channels=shapes[0][0] if shapes else None)
    return of_file("gradcheck", target)


def of_file(command: str, target: str) -> Callable[..., Any]:
    """The function or Module of "path/to/file.py:name"; a class is called without arguments."""
    path, _, name = target.rpartition(":")
    if not path.endswith(".py"):
        raise UnknownNameError(command, "model (or path/to/file.py:function_or_class)", target, models.names())
    if not Path(path).is_file():
        raise DataError(command, f"there is no file {path}.")
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    found = getattr(module, name, None)
    if not callable(found):
        known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise UnknownNameError(command, "function or class", name, known)
    return found() if isinstance(found, type) else found


def _inputs(function: Callable[..., Any], options: argparse.Namespace) -> list[Tensor]:
    """Random inputs of the shapes that were given, or of the first shape that the function takes."""
    rng = np.random.default_rng(options.seed)
    if options.batch < 1:
        raise ArgumentError("gradcheck", f"--batch is {options.batch}; it must be at least 1.")

    def leaf(shape: Shape) -> Tensor:
        return Tensor(rng.standard_normal(shape), requires_grad=True)

    if options.shape:
        first, *others = options.shape
        return [leaf((options.batch, *first)), *map(leaf, others)]
    for shape in _usual_shapes():
        x = leaf((options.batch, *shape))
        try:
            with no_grad():
                function(x)
        except Exception as error:  # of whatever kind a function of yours raises where the shape does not fit
            refusal = error
            continue
        return [x]
    raise ArgumentError(
        "gradcheck", f"{options.target} takes no picture of a usual shape; give --shape C,H,W. It said last: {refusal}"
    )


def _usual_shapes() -> Iterator[Shape]:
    yield from ((C, side, side) for side in SIDES for C in (1, 3))
    yield from ((K,) for K in SIDES)


def shape(text: str) -> Shape:
    """ "3,32,32" or "3x32x32" as numbers."""
    return tuple(int(size) for size in text.replace("x", ",").split(","))


# ---------------------------------------------------------------- the report as a table

HEADINGS = ("tensor", "compared", "by", "at kinks", "largest error", "")


def _show(report: GradcheckReport) -> None:
    """A table with a line for each tensor, then the verdict, the problems and the notes."""
    rows = [
        (t.name, f"{t.entries} {t.by}", t.method, str(len(t.kinks)), f"{t.max_error:.1e}", band(t.max_error))
        for t in report.tensors
    ]
    console = Output().terminal()
    if console is not None:
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD)
        for heading in HEADINGS:
            table.add_column(heading)
        for row in rows:
            table.add_row(*row, style=None if row[-1] == band(0) else "bold red")
        console.print(table)
    else:
        widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
        for row in (HEADINGS, *rows):
            print("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    print(report.summary)


# ---------------------------------------------------------------- options


def add_commands(commands: Any) -> None:
    """Add both to the parser's commands."""
    p = commands.add_parser("gradcheck", help="check the gradients of a model or function", description=check.__doc__)
    p.set_defaults(command=check)
    p.add_argument("target", metavar="MODEL", help="one that `tinyconv models` lists, or FILE.py:NAME")
    p.add_argument(
        "--shape",
        type=shape,
        action="append",
        metavar="C,H,W",
        help="of the input without the batch (default: the first usual one that fits); once more for each "
        "further input, which is taken as it is",
    )
    p.add_argument("--batch", type=int, default=2, help="pictures in the input (default 2)")
    p.add_argument("--order", type=int, default=1, help="2 checks the gradient of the gradient too (default 1)")
    p.add_argument("--method", default="auto", help="auto, complex or central (default auto)")
    p.add_argument("--directions", type=int, help="compare along so many random directions, 0: element by element")
    p.add_argument("--seed", type=int, default=0, help="of weights upstream and input (default 0)")
    p.add_argument("--eval", action="store_true", help="check the module as in evaluation (default: as in training)")
    p.add_argument("--engine", default="numpy", help="numpy, loops or numba (default numpy: nothing to compile)")
    p.add_argument("--plot", metavar="FILE.png", help="draw the error against the step")

    p = commands.add_parser("museum", help="wrong backward passes and their symptoms", description=museum.__doc__)
    p.set_defaults(command=museum)
    p.add_argument("name", metavar="NAME", nargs="?", help="of an exhibit (default: list all)")
    p.add_argument("--seed", type=int, default=0, help="of the input (default 0)")
