"""Config: everything that a run depends on."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, fields
from pathlib import Path

from tinyconv import data, models, optim
from tinyconv.backend import check_device, check_engine, engine
from tinyconv.errors import ArgumentError, DataError, TinyconvError, UnknownNameError

OPTIMIZERS = {"sgd": optim.SGD, "adam": optim.Adam, "adadelta": optim.Adadelta}
LEARNING_RATES = {"sgd": 0.05, "adam": 0.002, "adadelta": 1.0}  # where none is given


@dataclass(frozen=True)
class Config:
    """Everything a run depends on. The same configuration on the same machine gives the same bits."""

    model: str = "lenet5"
    data: str = "mnist"
    epochs: int = 10
    batch_size: int = 64
    optimizer: str = "sgd"
    lr: float | None = None  # None: the optimiser's entry in LEARNING_RATES
    momentum: float = 0.9  # of sgd, in Nesterov's form
    weight_decay: float = 5e-4
    schedule: str = "cosine"  # or "constant"
    warmup: int = 100  # steps in which the learning rate rises, for the cosine
    validation: float = 0.0  # share of the training pictures held out to choose the best weights
    limit: int | None = None  # use only so many training pictures
    seed: int = 0
    engine: str | None = None  # None: the default for the device
    device: str = "cpu"

    def __post_init__(self) -> None:
        name = "train"
        for what, value, known in (
            ("model", self.model, models.names("classification")),
            ("data set", self.data, data.names()),
            ("optimizer", self.optimizer, OPTIMIZERS),
            ("schedule", self.schedule, ("constant", "cosine")),
        ):
            if value not in known:
                raise UnknownNameError(name, what, value, known)
        for what in ("epochs", "batch_size"):
            if getattr(self, what) < 1:
                raise ArgumentError(name, f"{what} is {getattr(self, what)}; it must be at least 1.")
        if self.limit is not None and self.limit < 1:
            raise ArgumentError(name, f"limit is {self.limit}; it must be at least 1.")
        if not 0 <= self.validation < 1:
            raise ArgumentError(name, f"validation is {self.validation}; it must be a share between 0 and 1.")
        check_device(self.device)
        if self.engine is not None:
            check_engine(self.engine)

    @classmethod
    def from_file(cls, path: str | os.PathLike) -> Config:
        """Read a config.json; a damaged or foreign one is a DataError."""
        try:
            values = json.loads(Path(path).read_text(encoding="utf-8"))
            unknown = values.keys() - {field.name for field in fields(cls)}
            if unknown:
                known = [field.name for field in fields(cls)]
                raise UnknownNameError(f"config {os.fspath(path)}", "setting", min(unknown), known)
            return cls(**values)
        except OSError as error:
            raise DataError("config", f"{os.fspath(path)} cannot be read: {error.strerror}.") from None
        except TinyconvError:
            raise
        except (ValueError, TypeError, AttributeError) as error:
            raise DataError("config", f"{os.fspath(path)} is not a configuration: {error}.") from None

    def using_engine(self) -> contextlib.AbstractContextManager:
        return contextlib.nullcontext() if self.engine is None else engine(self.engine)
