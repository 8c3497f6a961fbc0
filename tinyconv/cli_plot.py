"""The command  tinyconv plot."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from . import data, plots
from .errors import ArgumentError, DataError, TinyconvError
from .plots.layers import convolutions
from .plots.style import check, short
from .tensor import Tensor
from .train.console import Output
from .train.files import read_lines
from .train.metrics import Evaluation, evaluate

ROWS, DRAWS = 8, 8  # of augmented pictures: how many, and how often each
OF_IMAGES = ("features", "occlusion", "gradcam")  # these show single pictures
OF_LAYERS = ("filters", "features", "gradcam")


def show(options: argparse.Namespace) -> int:
    """Draw pictures of a run, or the curves of several runs in one picture, as PNG or SVG. Needs matplotlib.

    curves     loss and accuracy            filters    of the first convolution
    confusion  counts of true : predicted   features   what the layers make of a picture
    scores     precision, recall, F1        augmented  training pictures, before and after
    mistakes   misclassified pictures       occlusion  the parts of pictures that the model needs
                                            gradcam    where in pictures the class's score comes from
    A run that is still going on can be drawn too.
    """
    _refuse_what_does_not_apply(options)
    if len(options.run) > 1:
        _say("curves", _compare(options))
        return 0
    run = Run(Path(options.run[0]), options)
    if options.what != "all":
        path = _target(options, run.folder, options.what)
        PICTURES[options.what](run, path)
        _say(options.what, path)
        return 0
    _ = run.trained  # refuses what is no run before anything is drawn
    for what, draw in PICTURES.items():
        path = _target(options, run.folder, what)
        try:
            draw(run, path)
        except TinyconvError as error:  # trained without augmentation, a net without convolutions
            print(f"{what}: not drawn. {error}", file=sys.stderr)
        else:
            _say(what, path)
    return 0


def _say(what: str, path: Path) -> None:
    Output().line(f"{what}: {path}")


def _refuse_what_does_not_apply(options: argparse.Namespace) -> None:
    what = options.what
    if len(options.run) > 1 and what != "curves":
        raise ArgumentError("plot", f"--what {what} is for one run; of several only the curves are compared.")
    for option, given, among in (
        ("--image", options.image, OF_IMAGES),
        ("--layer", options.layer, OF_LAYERS),
        ("--x", options.x, ("curves",)),
    ):
        if given and what not in (*among, "all"):
            raise ArgumentError("plot", f"{option} is for {', '.join(among)}; leave it out for {what}.")


def _target(options: argparse.Namespace, folder: Path, what: str) -> Path:
    """The file that a picture goes to: --out itself, or one of its own name in that folder, or in the run's."""
    if options.out is None:
        path = folder / f"{what}.png"
    elif Path(options.out).is_dir() or not Path(options.out).suffix:
        path = Path(options.out) / f"{what}.png"
    elif options.what == "all":
        raise ArgumentError("plot", f"--out {options.out} is one file; name a folder for all pictures.")
    else:
        path = Path(options.out)
    check("plot", path)
    return path


# ---------------------------------------------------------------- curves


def _compare(options: argparse.Namespace) -> Path:
    """The curves of several runs in one picture."""
    folders = [Path(folder) for folder in options.run]
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        names = [str(folder) for folder in folders]
    if len(set(names)) < len(names):
        raise ArgumentError("plot", f"a run is named twice: {', '.join(names)}.")
    path = _target(options, Path(), "comparison")
    histories = {name: _history(folder) for name, folder in zip(names, folders, strict=True)}
    plots.plot_comparison(histories, path, options.x or "epoch")
    return path


def _history(folder: Path) -> list[dict[str, Any]]:
    """One record an epoch, of a run that has ended or is still going on."""
    if not (folder / "config.json").exists():
        raise DataError("plot", f"{folder} is not the folder of a run: it has no config.json.")
    path = folder / "history.jsonl"
    history = read_lines(path) if path.exists() else []
    if not history:
        raise DataError("plot", f"{folder} has no complete epoch yet; try again later, or train --resume {folder}.")
    return history


def curves(run: Run, path: Path) -> None:
    plots.plot_curves(_history(run.folder), path, run.options.x or "epoch")


# ---------------------------------------------------------------- a run and its pictures


@dataclass
class Run:
    """A run's folder, and what is read or computed when a picture needs it."""

    folder: Path
    options: argparse.Namespace

    @cached_property
    def trained(self) -> Any:
        from .train.run import load_run

        _history(self.folder)  # refuses what is no run, or has no weights yet
        return load_run(self.folder, self.options.weights)

    @cached_property
    def test(self) -> Any:
        return self.trained.test_set()

    @cached_property
    def evaluation(self) -> Evaluation:
        with self.trained.config.using_engine():
            loader = data.DataLoader(self.test, batch_size=500, transform=self.trained.transform)
            return evaluate(self.trained.model, loader)

    def images(self, count: int) -> Images:
        """The --image files, or test pictures of different classes."""
        trained, files, targets = self.trained, self.options.image, None
        if files:
            x = np.concatenate([trained.read(file) for file in files])
        else:
            chosen = _of_different_classes(self.test.labels, count)
            x, targets = trained.transform(self.test.batch(chosen)), self.test.labels[chosen]
        shown = _shown(x, trained.transform)
        with trained.config.using_engine():
            said = _predictions(trained.model, x)
        names = [trained.classes[k] for k in said]
        if targets is None:
            captions = [f"{short(Path(file).name, 24)}:\n{name}" for file, name in zip(files, names, strict=True)]
            return Images(shown, x, said, captions)
        true = [trained.classes[k] for k in targets]
        captions = [a if a == b else f"{a} : {b}" for a, b in zip(true, names, strict=True)]
        return Images(shown, x, targets, captions)


@dataclass
class Images:
    """Pictures to look at, and the same as the model takes them."""

    shown: np.ndarray  # (N, C, H, W), 0..1
    x: np.ndarray
    targets: np.ndarray  # the right classes; of files, the predicted ones
    captions: Sequence[str]


def _predictions(model: Any, x: np.ndarray) -> np.ndarray:
    from .train.metrics import evaluating

    with evaluating(model) as device:
        return model(Tensor(x).to(device)).cpu().numpy().argmax(1)


def _of_different_classes(labels: np.ndarray, count: int) -> np.ndarray:
    """The first picture of each class, then the second of each, ...: the numbers of `count` pictures."""
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    rank = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return order[np.lexsort((labels[order], rank))][:count]


def _shown(x: np.ndarray, transform: Any) -> np.ndarray:
    """Pictures as the model takes them, from 0 to 1 again.

    Where more than `Normalize` was done, each is scaled to its own darkest and lightest place.
    """
    parts = transform.transforms if isinstance(transform, data.Compose) else [transform]
    for part in parts:
        if isinstance(part, data.Normalize):
            return np.clip(x * np.reshape(part.std, (-1, 1, 1)) + np.reshape(part.mean, (-1, 1, 1)), 0, 1)
    low, high = x.min((1, 2, 3), keepdims=True), x.max((1, 2, 3), keepdims=True)
    return (x - low) / np.maximum(high - low, 1e-9)


# ---------------------------------------------------------------- what can be drawn


def confusion(run: Run, path: Path) -> None:
    plots.plot_confusion(run.evaluation.confusion_matrix, run.test.classes, path)


def scores(run: Run, path: Path) -> None:
    plots.plot_scores(run.evaluation.report(run.test.classes), path)


def mistakes(run: Run, path: Path) -> None:
    said = run.evaluation
    plots.plot_mistakes(run.test, said.targets, said.predictions, said.probabilities, run.test.classes, path)


def filters(run: Run, path: Path) -> None:
    layer, weights = plots.filters_of(run.trained.model, run.options.layer)
    plots.plot_filters(weights, path, layer)


def features(run: Run, path: Path) -> None:
    images, layers = run.images(1), [run.options.layer] if run.options.layer else []
    with run.trained.config.using_engine():
        maps = plots.feature_maps(run.trained.model, images.x[:1], *layers)
    plots.plot_feature_maps(images.shown[0], {name: m[0] for name, m in maps.items()}, path)


def augmented(run: Run, path: Path) -> None:
    from .train.build import load_data, training_loader

    config = run.trained.config
    loader = training_loader(config, load_data(config))
    transform: Any = loader.transform
    if loader.mix is None and not transform.draws:
        raise DataError("plot", f"{run.folder} was trained without augmentation: there is nothing to draw.")
    chosen = _of_different_classes(loader.dataset.labels, ROWS)
    pictures, labels = loader.dataset.batch(chosen), loader.dataset.labels[chosen]
    after: list[np.ndarray] = []
    for draw in range(DRAWS):
        rng = np.random.default_rng([config.seed, draw])
        x: Any = transform(pictures, rng)
        if loader.mix is not None:
            x, _ = loader.mix(x, labels, rng)
        after.append(_shown(x, transform))
    plots.plot_augmented(pictures, after, path, [loader.dataset.classes[k] for k in labels])


def occlusion(run: Run, path: Path) -> None:
    images = run.images(4)
    with run.trained.config.using_engine():
        maps = [plots.occlusion_sensitivity(run.trained.model, x) for x in images.x]
    plots.plot_occlusion(images.shown, maps, images.targets.tolist(), run.trained.classes, path)


def gradcam(run: Run, path: Path) -> None:
    images, model = run.images(8), run.trained.model
    with run.trained.config.using_engine():
        layer = run.options.layer or convolutions("grad_cam", model, Tensor(images.x))[-1]
        maps = plots.grad_cam(model, images.x, images.targets, layer)
    plots.plot_grad_cam(images.shown, maps, images.captions, path, f"Grad-CAM of {layer}")


PICTURES: dict[str, Callable[[Run, Path], None]] = {
    "curves": curves,
    "confusion": confusion,
    "scores": scores,
    "mistakes": mistakes,
    "filters": filters,
    "features": features,
    "augmented": augmented,
    "occlusion": occlusion,
    "gradcam": gradcam,
}

EXAMPLES = """\
examples:
  tinyconv plot runs/a                              loss and accuracy by epoch, as runs/a/curves.png
  tinyconv plot runs/a runs/b --x seconds           both runs' curves by time, as comparison.png
  tinyconv plot runs/a --what all                   every picture, into the run's folder
  tinyconv plot runs/a --what features --layer features.4 --image seven.png --out maps.svg
"""


def add_command(commands: Any) -> None:
    """Add it to the parser's commands."""
    p = commands.add_parser(
        "plot",
        help="draw runs: curves, mistakes, filters, Grad-CAM, ...",
        description=inspect.cleandoc(show.__doc__ or ""),
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.set_defaults(command=show)
    p.add_argument("run", metavar="RUN", nargs="+", help="the folder of a run; of several, the curves are compared")
    p.add_argument("--what", default="curves", choices=[*PICTURES, "all"], metavar="WHAT", help=_what())
    p.add_argument("--x", choices=("epoch", "seconds"), help="what curves are drawn against (default epoch)")
    p.add_argument("--layer", metavar="PATH", help="for filters, features, gradcam: a layer such as layer2.0.conv1")
    p.add_argument(
        "--image", metavar="FILE", nargs="+", help="for features, occlusion, gradcam: pictures (default: test pictures)"
    )
    p.add_argument("--weights", default="last", help="last or best (default last)")
    p.add_argument("--out", metavar="PATH", help="a .png or .svg file, or a folder (default: the run's own)")


def _what() -> str:
    return f"{', '.join(PICTURES)}, or all (default curves)"
