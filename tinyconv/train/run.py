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

from tinyconv import cuda, data, models, plots
from tinyconv.backend import current_engine
from tinyconv.errors import ArgumentError, DataError, UnknownNameError
from tinyconv.nn import Module
from tinyconv.ops.activation import softmax
from tinyconv.tape import no_grad
from tinyconv.tensor import Tensor

from .build import build, data_of
from .callbacks import (
    Callback,
    SaveCheckpoint,
    SaveWeights,
    ShowProgress,
    StopOnInterrupt,
    StopOnNaN,
    WriteCSV,
    WriteHistory,
    WriteTensorBoard,
)
from .checkpoint import load_checkpoint, load_weights
from .config import Config
from .doctor import Doctor
from .files import read_lines, write_atomically
from .metrics import Report, evaluate
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
    if config.data not in data.names():
        config = replace(config, data=str(Path(config.data).resolve()))  # the run may be resumed from elsewhere
    with config.using_engine():
        trainer = build(config)  # before anything is written: this may still refuse
        write_atomically(folder / "config.json", json.dumps(asdict(config), indent=2) + "\n")
    return _carry_through(trainer, config, folder, quiet)


def resume(folder: str | os.PathLike, quiet: bool = False) -> Report:
    """Take a killed run up again where its last checkpoint stands; the end is the same, bit by bit."""
    folder = Path(folder)
    config = _config_of("resume", folder)
    for torn in folder.glob(".*.tmp"):  # a kill fell into a save
        torn.unlink(missing_ok=True)
    path = folder / "checkpoint.safetensors"
    checkpoint = load_checkpoint(path) if path.exists() else None
    with config.using_engine():
        trainer = build(config, resuming=checkpoint is not None)
    return _carry_through(trainer, config, folder, quiet, checkpoint)


def _config_of(operation: str, folder: Path, **instead: Any) -> Config:
    path = folder / "config.json"
    if not path.exists():
        raise DataError(operation, f"{folder} is not the folder of a run: it has no config.json.")
    return Config.from_file(path, **instead)


def _carry_through(
    trainer: Trainer, config: Config, folder: Path, quiet: bool, checkpoint: dict[str, Any] | None = None
) -> Report:
    # Now, not in `train`: a run may be killed as soon as it has its configuration.
    write_atomically(folder / "model.json", json.dumps(_about_model(config, trainer), indent=2) + "\n")
    trainer.callbacks += file_callbacks(config, folder)
    trainer.callbacks += [StopOnInterrupt(), StopOnNaN()]
    trainer.callbacks += [Doctor()] if config.doctor else []
    trainer.callbacks += [] if quiet else [ShowProgress()]
    if checkpoint is not None:
        trainer.load_state_dict(checkpoint)
    with config.using_engine():
        trainer.fit(config.epochs)
    return evaluate_run(folder)


def file_callbacks(config: Config, folder: Path) -> list[Callback]:
    """What writes into the run's folder."""
    callbacks: list[Callback] = [
        SaveWeights(folder, every=config.save_every),
        SaveCheckpoint(folder / "checkpoint.safetensors", every=config.checkpoint_every),
        WriteHistory(folder / "history.jsonl"),
    ]
    if "csv" in config.logs:
        callbacks.append(WriteCSV(folder / "history.csv"))
    if "tensorboard" in config.logs:
        callbacks.append(WriteTensorBoard(folder / "tensorboard"))
    return callbacks


def _about_model(config: Config, trainer: Trainer) -> dict[str, Any]:
    held_out: Any = trainer.val_loader
    plain = held_out.transform
    shape = plain(held_out.dataset.batch(np.arange(1))).shape[1:]
    return {"model": config.model, "classes": held_out.dataset.classes, "input": shape, "transform": plain.to_dict()}


# ---------------------------------------------------------------- a trained model


@dataclass(frozen=True)
class TrainedModel:
    """A run's model in evaluation mode, and what it needs to be used."""

    model: Module
    classes: tuple[str, ...]
    input: tuple[int, int, int]  # C, H, W of a picture
    transform: data.Transform
    config: Config

    def test_set(self) -> data.Labelled:
        """The pictures of its data set that it was not trained on."""
        return data_of(self.config, train=False, size=self.input[1:])

    def read(self, picture: str | os.PathLike) -> np.ndarray:
        """A picture file as the model wants it, (1, C, H, W): a sign in grey is cut out as MNIST's were."""
        C, H, W = self.input
        pixels = data.load_picture(picture, (H, W)) if C == 1 else data.read_picture(picture, C, (H, W))
        return self.transform(pixels[None])


def load_run(folder: str | os.PathLike, weights: str = "last") -> TrainedModel:
    """Read a run folder's model with its "last" or "best" weights."""
    folder = Path(folder)
    if weights not in ("best", "last"):
        raise UnknownNameError("load_run", "set of weights", weights, ("best", "last"))
    elsewhere = (
        {} if cuda.is_available() else {"device": "cpu", "precision": "float32"}
    )  # than it may have been trained
    config = _config_of("load_run", folder, **elsewhere)
    path = folder / f"{weights}.safetensors"
    if not path.exists():
        raise DataError("load_run", f"{path} is not there: no epoch is complete. Go on with train --resume {folder}.")
    try:
        about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        classes, (C, H, W) = tuple(about["classes"]), about["input"]
        transform = data.transform_from_dict(about["transform"])
        model = models.create(about["model"], len(classes), C, **config.options)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError("load_run", f"{folder / 'model.json'} cannot be used: {error}.") from None
    load_weights(path, model)
    return TrainedModel(model.to(config.device).eval(), classes, (C, H, W), transform, config)


def evaluate_run(folder: str | os.PathLike, weights: str = "last") -> Report:
    """Evaluate a run's weights on the test set; write report.txt and the pictures into its folder."""
    folder = Path(folder)
    trained = load_run(folder, weights)
    test = trained.test_set()
    with trained.config.using_engine():
        result = evaluate(trained.model, data.DataLoader(test, batch_size=500, transform=trained.transform))
    report = result.report(test.classes)
    write_atomically(folder / "report.txt", report_text(report))
    if plots.available():
        plots.plot_curves(read_lines(folder / "history.jsonl"), folder / "curves.png")
        plots.plot_confusion(result.confusion_matrix, test.classes, folder / "confusion.png")
        said = (result.targets, result.predictions, result.probabilities)
        plots.plot_mistakes(test, *said, test.classes, folder / "mistakes.png")
    return report


# ---------------------------------------------------------------- predict


@dataclass(frozen=True)
class Prediction:
    """What a model says of one picture: class names and their probabilities, the likeliest first."""

    classes: tuple[str, ...]
    probabilities: tuple[float, ...]


def predict(trained: TrainedModel, picture: str | os.PathLike) -> Prediction:
    """Classify a picture file; `TrainedModel.read` says how it is prepared."""
    with trained.config.using_engine(), no_grad():
        x = Tensor(trained.read(picture)).to(trained.config.device)
        p = softmax(trained.model(x)).cpu().numpy()[0]
    order = np.argsort(-p)
    return Prediction(tuple(trained.classes[i] for i in order), tuple(float(p[i]) for i in order))
