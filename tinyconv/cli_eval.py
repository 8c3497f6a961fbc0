"""The command  tinyconv eval."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import cli_report
from .errors import ArgumentError

if TYPE_CHECKING:
    from .evaluation import View, ViewEvaluation
    from .train.run import TrainedModel

VIEWS = ("single", "scales", "crops", "dense", "dense+crops")


def evaluate(options: argparse.Namespace) -> int:
    """Evaluate a trained model on the test set again; write the report and the pictures into its folder.

    With several runs, or with options that say how pictures are shown to the net, the errors are printed and nothing is
    written. Several runs vote: their probabilities are averaged.

      tinyconv eval runs/a
      tinyconv eval runs/a --weights best --views crops         ten crops: corners and middle, mirrored if so trained
      tinyconv eval runs/a --views dense --scales 32 36 40      the whole picture, dense layers turned into convolutions
      tinyconv eval runs/a runs/b runs/c                        an ensemble
    """
    if len(options.run) == 1 and all(getattr(options, name) is None for name in ("views", *DETAILS)):
        return cli_report.evaluate(Path(options.run[0]), options.weights)
    from .evaluation import averaged
    from .train.build import data_of
    from .train.run import load_run

    _check(options)
    runs = [load_run(folder, options.weights) for folder in options.run]
    for folder, other in zip(options.run, runs, strict=True):
        if (found := other.config.data) != (first := runs[0].config.data):
            problem = f"{options.run[0]} was trained on {first}, {folder} on {found}; evaluate them apart."
            raise ArgumentError("eval", problem)
    test = data_of(runs[0].config, train=False, size=None)  # as large as they are: views make them fit
    rows = [(folder, _of_run(trained, test, options)) for folder, trained in zip(options.run, runs, strict=True)]
    if len(rows) > 1:
        rows.append(("all together", averaged([result for _, result in rows])))
    _show(rows)
    return 0


def _of_run(trained: TrainedModel, test: Any, options: argparse.Namespace) -> ViewEvaluation:
    from .evaluation import evaluate_views

    views = chosen_views(options, trained)
    normalize = getattr(trained.transform, "transforms", [trained.transform])[-1]  # resizing is the views' affair
    topk = sorted({1, min(options.top or 5, len(trained.classes))})
    with trained.config.using_engine():
        return evaluate_views(trained.model, test, views, normalize, topk=topk, input_size=trained.input)


def chosen_views(options: argparse.Namespace, trained: TrainedModel) -> list[View]:
    """The views that the options describe. Crops are as large as the training pictures unless they say otherwise."""
    from .evaluation import CenterView, DenseView, GoogLeNetView, GridCropView, TenCropView, scales

    crop = (options.crop,) * 2 if options.crop else trained.input[1:]
    side = min(crop)
    kind, sizes = options.views or "single", options.scales
    mirrored = bool(trained.config.augment.get("hflip")) if options.flip is None else options.flip
    if kind == "single":
        return [*scales(CenterView(crop, flip=bool(options.flip)), sizes or [side])]
    if kind == "scales":
        return [*scales(CenterView(crop, flip=mirrored), sizes or [side, round(side * 9 / 8), round(side * 10 / 8)])]
    views: list[View] = []
    one_larger = [round(side * 8 / 7)]  # AlexNet's 256 for 224
    if kind != "crops":
        views += scales(DenseView(flip=mirrored), sizes or one_larger)
    if kind == "dense":
        return views
    if options.crops == 144:
        four_larger = [round(side * k / 7) for k in (8, 9, 10, 11)]  # GoogLeNet's 256, 288, 320, 352 for 224
        return [*views, GoogLeNetView(side, tuple(sizes or four_larger), mirrored)]
    of_crops = GridCropView(crop, flip=mirrored) if options.crops == 50 else TenCropView(crop, flip=mirrored)
    return [*views, *scales(of_crops, sizes or one_larger)]


def _check(options: argparse.Namespace) -> None:
    """Refuse options that the chosen views have no use for."""
    kind = options.views or "single"
    if kind == "single" and options.scales and len(options.scales) > 1:
        raise ArgumentError("eval", f"--views single has one scale, not {len(options.scales)}; use --views scales.")
    if kind == "dense" and options.crop:
        raise ArgumentError("eval", "--views dense shows whole pictures; leave out --crop, or use --views dense+crops.")
    if options.crops and "crops" not in kind:
        raise ArgumentError("eval", f"--views {kind} has no crops to count; leave out --crops, or use --views crops.")
    for name, values in (("--scales", options.scales or []), ("--crop", [options.crop]), ("--top", [options.top])):
        for value in values:
            if value is not None and value < 1:
                raise ArgumentError("eval", f"{name} is {value}; it must be at least 1.")


def _show(rows: Sequence[tuple[str, ViewEvaluation]]) -> None:
    from .train.report import print_report

    _, last = rows[-1]
    print_report(last.report)
    width = max(len(name) for name, _ in rows)
    print(" " * width + "".join(f"{f'top-{k} error':>14}" for k in last.errors))
    for name, result in rows:
        print(f"{name:{width}}" + "".join(f"{error:14.2%}" for error in result.errors.values()))


DETAILS = {
    "scales": "pixels of the shortest side that pictures are resized to, one or several",
    "crop": "pixels of a crop's side (default: as the training pictures)",
    "crops": "how many crops a scale: 10 as AlexNet, 50 as VGG, 144 over all scales as GoogLeNet (default 10)",
    "flip": "mirrored pictures too (default: if the run was trained with them, but not in a single view)",
    "top": "count the top-N error beside the top-1 error (default 5)",
}


def add_command(commands: Any) -> None:
    """Add it to the parser's commands."""
    p = commands.add_parser(
        "eval",
        help="evaluate trained models on the test set",
        description=inspect.getdoc(evaluate),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.set_defaults(command=evaluate)
    p.add_argument("run", metavar="RUN", nargs="+", help="the folder of a run; several are an ensemble")
    p.add_argument("--weights", default="last", help="last or best (default last)")
    p.add_argument("--views", choices=VIEWS, help="how pictures are shown to the net (default single)")
    p.add_argument("--scales", type=int, nargs="+", metavar="N", help=DETAILS["scales"])
    p.add_argument("--crop", type=int, metavar="N", help=DETAILS["crop"])
    p.add_argument("--crops", type=int, choices=(10, 50, 144), help=DETAILS["crops"])
    p.add_argument("--flip", action=argparse.BooleanOptionalAction, help=DETAILS["flip"])
    p.add_argument("--top", type=int, metavar="N", help=DETAILS["top"])
