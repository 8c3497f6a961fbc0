"""Config: everything that a run depends on."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tinyconv import data, models, optim
from tinyconv.backend import check_device, check_engine, engine
from tinyconv.errors import ArgumentError, DataError, TinyconvError, UnknownNameError

from .augment import Augmentation
from .precision import PRECISIONS
from .schedules import check_schedule

OPTIMIZERS = {
    "sgd": optim.SGD,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "adadelta": optim.Adadelta,
    "adagrad": optim.Adagrad,
    "rmsprop": optim.RMSprop,
    "lars": optim.LARS,
}
LEARNING_RATES = {  # where none is given
    "sgd": 0.05,
    "adam": 0.002,
    "adamw": 0.002,
    "adadelta": 1.0,
    "adagrad": 0.01,
    "rmsprop": 0.001,
    "lars": 0.1,
}
LOGS = ("csv", "tensorboard")


@dataclass(frozen=True)
class Config:
    """Everything a run depends on. The same configuration on the same machine gives the same bits."""

    model: str = "lenet5"
    options: Mapping[str, Any] = field(default_factory=dict)  # of the model, such as {"width": 32}
    data: str = "mnist"  # a name, or a folder of pictures
    size: int | None = None  # of the pictures' sides; None: as they are or, if they differ, the model's own
    bad: str = "raise"  # or "skip": files in a folder that cannot be read as pictures
    epochs: int = 10
    batch_size: int = 64
    optimizer: str = "sgd"
    lr: float | None = None  # None: the optimiser's entry in LEARNING_RATES
    momentum: float = 0.9  # of sgd, in Nesterov's form, and lars
    weight_decay: float = 5e-4
    schedule: str | Mapping[str, Any] = "cosine"  # a name, or {"name": "plateau", "factor": 0.5}: train/schedules.py
    augment: Mapping[str, Any] = field(default_factory=dict)  # {"rotation": 5, "hflip": True}: train/augment.py
    label_smoothing: float = 0.0
    clip_grad_norm: float | None = None
    average: float | str | None = None  # of the weights: 0.999, the decay of a moving average, or "mean"
    early_stopping: int | None = None  # epochs without a better val_loss after which to stop
    weights: str | None = None  # a file to start from; what does not fit, such as the head, starts afresh
    freeze: Sequence[str] = ()  # patterns of parameters that stay as they are, such as "features.*"
    body_lr: float | None = None  # of all but the head; None: lr
    validation: float = 0.0  # share of the training pictures held out to choose the best weights
    limit: int | None = None  # use only so many training pictures
    seed: int = 0
    num_workers: int | None = None  # threads that prepare batches; None: 1 if that takes time, else 0
    doctor: bool = True  # warn of what looks like a mistake
    logs: Sequence[str] = ()  # "csv", "tensorboard", besides history.jsonl
    checkpoint_every: int = 500  # batches
    save_every: int | None = None  # epochs whose weights are all kept
    engine: str | None = None  # None: the default for the device
    device: str = "cpu"
    precision: str = "float32"  # or "float16", on a GPU: train/precision.py

    def __post_init__(self) -> None:
        name = "train"
        for what, value, known in (
            ("model", self.model, models.names("classification")),
            ("optimizer", self.optimizer, OPTIMIZERS),
        ):
            if value not in known:
                raise UnknownNameError(name, what, value, known)
        if self.data not in data.names() and not Path(self.data).is_dir():
            raise UnknownNameError(name, "data set or folder", self.data, data.names())
        if self.bad not in ("raise", "skip"):
            raise UnknownNameError(name, "way to treat bad pictures", self.bad, ("raise", "skip"))
        at_least_1 = ("epochs", "batch_size", "checkpoint_every", "limit", "size", "early_stopping", "save_every")
        for what, least in (("num_workers", 0), *((what, 1) for what in at_least_1)):
            if getattr(self, what) is not None and getattr(self, what) < least:
                raise ArgumentError(name, f"{what} is {getattr(self, what)}; it must be at least {least}.")
        for what in ("validation", "label_smoothing"):
            if not 0 <= getattr(self, what) < 1:
                raise ArgumentError(name, f"{what} is {getattr(self, what)}; it must be a share between 0 and 1.")
        if self.early_stopping and not self.validation:
            raise ArgumentError(name, "early_stopping must not look at the test set; hold out validation = 0.1, say.")
        for log in self.logs:
            if log not in LOGS:
                raise UnknownNameError(name, "log", log, LOGS)
        check_schedule(self.schedule)
        Augmentation.of(self.augment)
        check_device(self.device)
        if self.precision not in PRECISIONS:
            raise UnknownNameError(name, "precision", self.precision, PRECISIONS)
        if self.precision == "float16" and self.device == "cpu":
            raise ArgumentError(name, "precision is float16, which is for a GPU; set device to cuda.")
        if self.engine is not None:
            check_engine(self.engine)

    @classmethod
    def from_file(cls, path: str | os.PathLike, **instead: Any) -> Config:
        """Read a configuration: TOML, or JSON if its name ends so. A damaged or foreign one is a DataError.

        instead  settings that take the place of those in the file
        """
        try:
            values = _parsed(Path(path))
            unknown = values.keys() - {field.name for field in fields(cls)}
            if unknown:
                known = [field.name for field in fields(cls)]
                raise UnknownNameError(f"config {os.fspath(path)}", "setting", min(unknown), known)
            return cls(**(values | instead))
        except OSError as error:
            raise DataError("config", f"{os.fspath(path)} cannot be read: {error.strerror}.") from None
        except TinyconvError:
            raise
        except (ValueError, TypeError, AttributeError) as error:
            raise DataError("config", f"{os.fspath(path)} is not a configuration: {error}.") from None

    def using_engine(self) -> contextlib.AbstractContextManager:
        return contextlib.nullcontext() if self.engine is None else engine(self.engine)


def _parsed(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return json.loads(text)
    name = "tomllib" if importlib.util.find_spec("tomllib") else "tomli"  # on Python 3.10
    return importlib.import_module(name).loads(text)
