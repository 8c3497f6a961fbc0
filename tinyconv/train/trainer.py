"""The training loop: forward, loss, backward, step; and all that is needed to take it up again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tinyconv import random
from tinyconv.data import DataLoader
from tinyconv.errors import ArgumentError
from tinyconv.nn import Module
from tinyconv.ops.loss import cross_entropy
from tinyconv.optim import Optimizer
from tinyconv.optim.lr_scheduler import LRScheduler
from tinyconv.tensor import Tensor

from .callbacks import Callback
from .metrics import accuracy, evaluate


class Trainer:
    """Trains a model on a loader's batches, and remembers where it is.

        trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.05), DataLoader(digits, shuffle=True))
        trainer.fit(epochs=10)

    loss_fn     function of the model's output and the labels that gives the mean over the batch; of an output with
                auxiliary classifiers, the model's own: Trainer(net, ..., loss_fn=net.loss)
    val_loader  evaluated after every epoch, if given
    scheduler   stepped after every batch
    callbacks   told when the fit, an epoch, a batch begins or ends (train/callbacks.py)

    epoch    complete epochs;  step  batches done in the present one
    history  one record an epoch: loss and accuracy (means over its batches as they were trained), val_loss
             and val_accuracy (afterwards), the learning rate, seconds, images a second
    stop     set it to True to end after the present batch
    """

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer,
        loader: DataLoader,
        loss_fn: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
        val_loader: DataLoader | None = None,
        scheduler: LRScheduler | None = None,
        callbacks: Sequence[Callback] = (),
    ):
        self.model, self.optimizer, self.loader = model, optimizer, loader
        self.loss_fn, self.val_loader, self.scheduler = loss_fn, val_loader, scheduler
        self.callbacks = list(callbacks)
        self.device = next(iter(model.parameters())).device
        self.epoch = self.step = self.epochs = 0
        self.history: list[dict[str, Any]] = []
        self.running = Means()
        self.stop = False

    def fit(self, epochs: int) -> list[dict[str, Any]]:
        """Train until `epochs` epochs are complete, those before a resume counted in; returns the history."""
        if epochs < 1:
            raise ArgumentError("fit", f"epochs is {epochs}; it must be at least 1.")
        self.epochs, self.stop = epochs, False
        if self.step:  # broken off within an epoch, by `stop` or Ctrl-C: go on with its next batch
            self.loader.load_state_dict(self.loader.state_dict() | {"position": self.step})
        self.tell("on_fit_begin")
        try:
            while self.epoch < epochs and not self.stop:
                self.run_epoch()
        finally:
            self.tell("on_fit_end")
        return self.history

    def run_epoch(self) -> None:
        """The rest of the present epoch, and its record."""
        self.model.train()
        self.tell("on_epoch_begin")
        for images, labels in self.loader:
            self.train_step(images.to(self.device), labels.to(self.device))
            self.tell("on_batch_end")
            if self.stop:
                return
        self.history.append(self.record())
        self.epoch, self.step, self.running = self.epoch + 1, 0, Means()
        self.tell("on_epoch_end")

    def train_step(self, images: Tensor, labels: Tensor) -> None:
        """One batch: forward, loss, backward, step."""
        began = time.perf_counter()
        y = self.model(images)
        loss = self.loss_fn(y, labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        if self.scheduler is not None:
            self.scheduler.step()
        self.step += 1
        logits = y[0] if isinstance(y, tuple) else y  # the others are auxiliary classifiers'
        self.running.add(len(images), loss.item(), accuracy(logits, labels), time.perf_counter() - began)

    def record(self) -> dict[str, Any]:
        """What there is to say of the epoch that is now complete."""
        record = {
            "epoch": self.epoch + 1,
            "loss": self.running.loss,
            "accuracy": self.running.accuracy,
            "lr": self.optimizer.param_groups[0]["lr"],
            "seconds": round(self.running.seconds, 3),
            "images_per_second": round(self.running.images_per_second, 1),
        }
        if self.val_loader is not None:
            result = evaluate(self.model, self.val_loader, self.loss_fn)
            record |= {"val_loss": result.loss, "val_accuracy": result.accuracy}
        return record

    def tell(self, event: str) -> None:
        for callback in self.callbacks:
            getattr(callback, event)(self)

    # ------------------------------------------------------------ taking it up again

    def state_dict(self) -> dict[str, Any]:
        """All that decides how training goes on, after the batch that was trained last."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "history": self.history,
            "running": vars(self.running),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
            "loader": self.loader.state_dict(),
            "random": random.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on as if nothing had happened: the same batches, the same masks, the same bits."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        self.loader.load_state_dict(state["loader"])
        random.set_state(state["random"])
        self.epoch, self.step = state["epoch"], state["step"]
        self.history, self.running = list(state["history"]), Means(**state["running"])


class Means:
    """Means over the images of the present epoch so far."""

    def __init__(self, images: int = 0, loss: float = math.nan, accuracy: float = math.nan, seconds: float = 0.0):
        self.images, self.loss, self.accuracy, self.seconds = images, loss, accuracy, seconds

    def add(self, images: int, loss: float, accuracy: float, seconds: float) -> None:
        share = images / (self.images + images)
        self.loss = loss if self.images == 0 else self.loss + share * (loss - self.loss)
        self.accuracy = accuracy if self.images == 0 else self.accuracy + share * (accuracy - self.accuracy)
        self.images += images
        self.seconds += seconds

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds else 0.0


def fit(
    model: Module,
    loader: DataLoader,
    epochs: int,
    optimizer: Optimizer,
    loss_fn: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
    val_loader: DataLoader | None = None,
    scheduler: LRScheduler | None = None,
    callbacks: Iterable[Callback] = (),
) -> list[dict[str, Any]]:
    """Train a model in one call; returns the history. The same as Trainer(...).fit(epochs)."""
    return Trainer(model, optimizer, loader, loss_fn, val_loader, scheduler, list(callbacks)).fit(epochs)
