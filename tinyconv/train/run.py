"""A run: one configuration, one folder. `tinyconv train`, `eval` and `predict` are these functions.

config.json             the configuration; `tinyconv train --config` repeats the run from it
model.json              which model it is, its classes, and how pictures are prepared for it
history.jsonl           a line an epoch
checkpoint.safetensors  everything needed to resume
best.safetensors        the weights after the epoch with the highest evaluation accuracy
last.safetensors        the weights after the last epoch
report.txt              accuracy, and precision, recall and F1 of each class
curves.png, confusion.png, mistakes.png
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tinyconv import data, models
from tinyconv.backend import current_engine
from tinyconv.errors import ArgumentError, DataError, UnknownNameError
from tinyconv.nn import Module
from tinyconv.ops.activation import softmax
from tinyconv.tape import no_grad
from tinyconv.tensor import Tensor

from . import plots
from .build import build
from .callbacks import SaveCheckpoint, SaveWeights, ShowProgress, StopOnNaN, WriteHistory
from .checkpoint import load_checkpoint, load_weights
from .config import Config
from .files import read_lines, write_atomically
from .metrics import Report, classification_report, confusion_matrix, evaluate
from .report import report_text
from .trainer import Trainer

# ---------------------------------------------------------------- train


def train(config: Config, folder: str | os.PathLike, quiet: bool = False) -> Report:
    """Start a run in a new (or empty) folder, carry it through, and write everything into it."""
    folder = Path(folder)
    if config.engine is None and config.device == "cpu":
        config = replace(config, engine=current_engine())  # TINYCONV_ENGINE may have chosen it
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ArgumentError("train", f"{folder} is there already. Choose another --out, or --resume {folder}.")
    with config.using_engine():
        trainer = build(config)  # before anything is written: this may still refuse
        write_atomically(folder / "config.json", json.dumps(asdict(config), indent=2) + "\n")
    return _carry_through(trainer, config, folder, quiet)


def resume(folder: str | os.PathLike, quiet: bool = False) -> Report:
    """Take a killed run up again where its last checkpoint stands; the end is the same, bit by bit."""
    folder = Path(folder)
    config = _config_of("resume", folder)
    path = folder / "checkpoint.safetensors"
    with config.using_engine():
        trainer = build(config)
        if path.exists():
            trainer.load_state_dict(load_checkpoint(path))
    return _carry_through(trainer, config, folder, quiet)


def _config_of(operation: str, folder: Path) -> Config:
    path = folder / "config.json"
    if not path.exists():
        raise DataError(operation, f"{folder} is not the folder of a run: it has no config.json.")
    return Config.from_file(path)


def _carry_through(trainer: Trainer, config: Config, folder: Path, quiet: bool) -> Report:
    # Now, not in `train`: a run may be killed as soon as it has its configuration.
    write_atomically(folder / "model.json", json.dumps(_about_model(config, trainer), indent=2) + "\n")
    trainer.callbacks = [
        StopOnNaN(),
        SaveWeights(folder),
        WriteHistory(folder / "history.jsonl"),
        # After these: an epoch that the checkpoint calls complete is not trained, nor written, again.
        SaveCheckpoint(folder / "checkpoint.safetensors"),
        *([] if quiet else [ShowProgress()]),
    ]
    with config.using_engine():
        trainer.fit(config.epochs)
    return evaluate_run(folder)


def _about_model(config: Config, trainer: Trainer) -> dict[str, Any]:
    dataset = trainer.loader.dataset
    transform: Any = trainer.loader.transform
    return {
        "model": config.model,
        "classes": dataset.classes,
        "input": dataset.images.shape[1:],
        "transform": transform.to_dict(),
    }


# ---------------------------------------------------------------- a trained model


@dataclass(frozen=True)
class TrainedModel:
    """A run's model in evaluation mode, and what it needs to be used."""

    model: Module
    classes: tuple[str, ...]
    input: tuple[int, int, int]  # C, H, W of a picture
    transform: data.Normalize
    config: Config


def load_run(folder: str | os.PathLike, weights: str = "last") -> TrainedModel:
    """Read a run folder's model with its "last" or "best" weights."""
    folder = Path(folder)
    if weights not in ("best", "last"):
        raise UnknownNameError("load_run", "set of weights", weights, ("best", "last"))
    config = _config_of("load_run", folder)
    path = folder / f"{weights}.safetensors"
    if not path.exists():
        raise DataError("load_run", f"{path} is not there: no epoch is complete. Go on with train --resume {folder}.")
    try:
        about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        classes, (C, H, W) = tuple(about["classes"]), about["input"]
        transform = data.transform_from_dict(about["transform"])
        model = models.create(about["model"], len(classes), C)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError("load_run", f"{folder / 'model.json'} cannot be used: {error}.") from None
    load_weights(path, model)
    return TrainedModel(model.to(config.device).eval(), classes, (C, H, W), transform, config)


def evaluate_run(folder: str | os.PathLike, weights: str = "last") -> Report:
    """Evaluate a run's weights on the test set; write report.txt and the pictures into its folder."""
    folder = Path(folder)
    trained = load_run(folder, weights)
    test = data.load(trained.config.data, train=False)
    with trained.config.using_engine():
        result = evaluate(trained.model, data.DataLoader(test, batch_size=500, transform=trained.transform))
    matrix = confusion_matrix(result.targets, result.predictions, len(test.classes))
    report = classification_report(matrix, test.classes)
    write_atomically(folder / "report.txt", report_text(report))
    if plots.available():
        plots.plot_curves(read_lines(folder / "history.jsonl"), folder / "curves.png")
        plots.plot_confusion(matrix, test.classes, folder / "confusion.png")
        said = (result.targets, result.predictions, result.probabilities)
        plots.plot_mistakes(test.images, *said, test.classes, folder / "mistakes.png")
    return report


# ---------------------------------------------------------------- predict


@dataclass(frozen=True)
class Prediction:
    """What a model says of one picture: class names and their probabilities, the likeliest first."""

    classes: tuple[str, ...]
    probabilities: tuple[float, ...]


def predict(trained: TrainedModel, picture: str | os.PathLike) -> Prediction:
    """Classify a picture file; `data.load_picture` says how it is made to look like a digit of MNIST."""
    C, H, W = trained.input
    pixels = data.load_picture(picture, (H, W))
    with trained.config.using_engine(), no_grad():
        x = Tensor(trained.transform(pixels[None])).to(trained.config.device)
        p = softmax(trained.model(x)).cpu().numpy()[0]
    order = np.argsort(-p)
    return Prediction(tuple(trained.classes[i] for i in order), tuple(float(p[i]) for i in order))
