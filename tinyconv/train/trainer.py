"""The training loop: forward, loss, backward, step; and all that is needed to take it up again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from tinyconv import random
from tinyconv.data import DataLoader
from tinyconv.errors import ArgumentError
from tinyconv.geometry import whole
from tinyconv.nn import Module
from tinyconv.nn.utils import clip_grad_norm_
from tinyconv.ops.arguments import number
from tinyconv.ops.loss import cross_entropy
from tinyconv.optim import Optimizer
from tinyconv.optim.lr_scheduler import LRScheduler
from tinyconv.tensor import Tensor

from .callbacks import Callback
from .capture import Capture
from .history import History
from .judging import batch_figures, judge, on, when_asked
from .means import Means
from .metrics import Metric
from .out_of_memory import explained
from .precision import HalfPrecision, in_precision

OWN_FIGURES = ("epoch", "loss", "accuracy", "lr", "seconds", "images_per_second")  # of a record of the history


class Trainer:
    """Trains a model on a loader's batches, and remembers where it is.

        trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.05), DataLoader(digits, shuffle=True))
        trainer.fit(epochs=10)

    loss_fn     function of the model's output and the labels that gives the mean over the batch; of an output with
                auxiliary classifiers, the model's own: Trainer(net, ..., loss_fn=net.loss)
    val_loader  evaluated after every epoch, if given; or after every `validate_every`-th, and the last
    scheduler   stepped after every batch
    callbacks   told when the fit, an epoch, a batch begins or ends (train/callbacks)
    metrics     {name: function of logits and targets -> number}, more figures for the history
    clip_grad_norm  the most that the gradients' norm may be at a step
    accumulate  work on a batch in so many parts, whose gradients add up: the same step in less memory

    epoch    complete epochs;  step  batches done in the present one
    history  one record an epoch: loss, accuracy and the metrics (means over its batches as they were trained),
             val_loss, val_accuracy, ... (afterwards), the learning rate, seconds, images a second. Of a model with
             several outputs also {name}_loss and {name}_accuracy of each; of one for pixels val_mean_iou
    evaluation  more than figures about the last evaluation: for a classifier, its Evaluation
    stop     set it to True to end after the present batch
    """

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer,
        loader: DataLoader,
        loss_fn: Callable[[Any, Any], Tensor] = cross_entropy,
        val_loader: DataLoader | None = None,
        scheduler: LRScheduler | None = None,
        callbacks: Sequence[Callback] = (),
        metrics: Mapping[str, Metric] | None = None,
        clip_grad_norm: float | None = None,
        accumulate: int = 1,
        validate_every: int = 1,
        capture: bool | None = None,
        precision: str = "float32",
    ):
        self.model, self.optimizer, self.loader = model, optimizer, loader
        self.loss_fn, self.val_loader, self.scheduler = loss_fn, val_loader, scheduler
        self.callbacks = list(callbacks)
        self.metrics = dict(metrics or {})
        for name in self.metrics:
            if name in OWN_FIGURES or name.startswith("val_"):
                problem = f"a metric is called {name!r}, as a figure that the history has anyway; call it otherwise."
                raise ArgumentError("Trainer", problem)
        self.clip_grad_norm = None if clip_grad_norm is None else number("Trainer", "clip_grad_norm", clip_grad_norm, 0)
        self.accumulate = whole("Trainer", "accumulate", accumulate, least=1)
        self.validate_every = whole("Trainer", "validate_every", validate_every, least=1)
        self.device = next(iter(model.parameters())).device
        self.half = in_precision(precision, model)
        self._step = self._capture(capture)
        self.epoch = self.step = self.epochs = 0
        self.history = History()
        self.running = Means()
        self.evaluation: Any = None
        self.stop = False

    def fit(self, epochs: int) -> History:
        """Train until `epochs` epochs are complete, those before a resume counted in; returns the history."""
        if epochs < 1:
            raise ArgumentError("fit", f"epochs is {epochs}; it must be at least 1.")
        self.epochs, self.stop = epochs, False
        if self.step:  # broken off within an epoch, by `stop` or Ctrl-C: go on with its next batch
            self.loader.load_state_dict(self.loader.state_dict() | {"position": self.step})
        with ExitStack() as ends:  # also after an error; in the order opposite to that of the beginnings
            for callback in self._in_turn():
                callback.on_fit_begin(self)
                ends.callback(callback.on_fit_end, self)
            while self.epoch < epochs and not self.stop:
                self.run_epoch()
            if self.stop:
                self.tell("on_stop")
        return self.history

    def run_epoch(self) -> None:
        """The rest of the present epoch, and its record."""
        self.model.train()
        self.tell("on_epoch_begin")
        if self.device != "cpu":
            self._step.look_again()
        for images, labels in self.loader:
            self.tell("on_batch_begin", images, labels)
            self.train_step(images.to(self.device), on(labels, self.device))
            self.tell("on_batch_end")
            if self.stop:
                return
        try:
            record = self.record()
        except BrokenOffError:  # nothing has changed: it is done again when the fit goes on
            return
        self.history.append(record)
        self.epoch, self.step, self.running = self.epoch + 1, 0, Means()
        self.tell("on_epoch_end")

    def train_step(self, images: Tensor, labels: Any) -> None:
        """One batch: forward, loss, backward, step."""
        began = time.perf_counter()
        self.optimizer.zero_grad()
        done = []
        for x, t in parts_of(images, labels, self.accumulate):
            with explained(self._learn, self.model, x, t):
                loss, y = self._step(x, t) if self.accumulate == 1 else self._learn(x, t, len(x) / len(images))
            done.append((len(x), when_asked(loss), batch_figures(y, t, self.loss_fn, self.metrics)))
        if self.half is None or self.half.went_well():
            if self.clip_grad_norm is not None:
                clip_grad_norm_(self.optimizer.parameters(), self.clip_grad_norm)
            self.optimizer.step()
        if self.scheduler is not None:
            self.scheduler.step()
        self.step += 1
        seconds = time.perf_counter() - began
        for n, value, figures in done:
            self.running.add(n, seconds * n / len(images), {"loss": (value, n), **figures})

    def _learn(self, images: Tensor, labels: Any, share: float = 1) -> tuple[Tensor, Any]:
        """Forward and backward: loss and outputs; the gradients are added to those of the parameters."""
        if self.half is not None:
            return self._learn_in_half(self.half, images, labels, share)
        y = self.model(images)
        loss = self.loss_fn(y, labels)
        (loss if share == 1 else share * loss).backward()
        return loss, y

    def _learn_in_half(self, half: HalfPrecision, images: Tensor, labels: Any, share: float) -> tuple[Tensor, Any]:
        before = [p.grad for p in self.model.parameters()]  # of parts that came earlier
        for p in self.model.parameters():
            p.grad = None
        with half.stored_in_half():
            y = half.forward(images)
            loss = self.loss_fn(y, labels)
            half.scaled(loss if share == 1 else share * loss).backward()
        half.unscale()
        for p, gradient in zip(self.model.parameters(), before, strict=True):
            if gradient is not None:
                p.grad = gradient if p.grad is None else gradient + p.grad
        return loss, y

    def _capture(self, wanted: bool | None) -> Capture:
        if wanted and self.device == "cpu":
            raise ArgumentError("Trainer", "capture=True is for a net on a GPU; move it there: model.to('cuda').")
        if wanted and self.accumulate > 1:
            raise ArgumentError("Trainer", f"capture=True takes a batch in one piece; accumulate is {self.accumulate}.")
        return Capture(wanted, self._learn, self.model, self.loss_fn)

    def record(self) -> dict[str, Any]:
        """What there is to say of the epoch that is now complete."""
        record: dict[str, Any] = {
            "epoch": self.epoch + 1,
            **self.running.means(),
            "lr": self.optimizer.param_groups[0]["lr"],
            "seconds": round(self.running.seconds, 3),
            "images_per_second": round(self.running.images_per_second, 1),
        }
        due = (self.epoch + 1) % self.validate_every == 0 or self.epoch + 1 == self.epochs
        if self.val_loader is not None and due:
            with self.as_evaluated() as model:
                figures, self.evaluation = judge(
                    model, self._until_stopped(self.val_loader), self.loss_fn, self.metrics
                )
            record |= {f"val_{name}": value for name, value in figures.items()}
        return record

    def _until_stopped(self, loader: DataLoader) -> Iterator[tuple[Tensor, Any]]:
        for batch in loader:
            if self.stop:
                raise BrokenOffError
            yield batch

    @contextmanager
    def as_evaluated(self) -> Iterator[Module]:
        """Within this block the model is as it is evaluated and saved: a callback may have averaged its weights."""
        with ExitStack() as blocks:
            for callback in self._in_turn():
                blocks.enter_context(callback.as_evaluated(self))
            yield self.model

    def tell(self, event: str, *about: Any) -> None:
        for callback in self._in_turn():
            getattr(callback, event)(self, *about)

    def _in_turn(self) -> list[Callback]:
        return sorted(self.callbacks, key=lambda callback: callback.turn)

    # ------------------------------------------------------------ taking it up again

    def state_dict(self) -> dict[str, Any]:
        """All that decides how training goes on, after the batch that was trained last."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "history": self.history,
            "running": self.running.state_dict(),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": None if self.scheduler is None else self.scheduler.state_dict(),
            "loader": self.loader.state_dict(),
            "random": random.get_state(),
            "half": None if self.half is None else self.half.state_dict(),
            "callbacks": {name: c.state_dict() for name, c in self._callbacks_by_name().items() if c.state_dict()},
        }

    def _callbacks_by_name(self) -> dict[str, Callback]:
        """By class, for a checkpoint; the second of the same class is "ReduceOnPlateau 2"."""
        named: dict[str, Callback] = {}
        for callback in self.callbacks:
            name = type(callback).__name__
            count = sum(key.split()[0] == name for key in named)
            named[f"{name} {count + 1}" if count else name] = callback
        return named

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on as if nothing had happened: the same batches, the same masks, the same bits."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["scheduler"])
        self.loader.load_state_dict(state["loader"])
        for name, callback in self._callbacks_by_name().items():
            if name in state["callbacks"]:
                callback.load_state_dict(state["callbacks"][name])
        random.set_state(state["random"])
        if self.half is not None and state.get("half"):
            self.half.load_state_dict(state["half"])
        self.epoch, self.step = state["epoch"], state["step"]
        self.history, self.running = History(state["history"]), Means(**state["running"])


class BrokenOffError(Exception):
    """`stop` was set while the model was evaluated."""


def parts_of(images: Tensor, labels: Any, count: int) -> Iterator[tuple[Tensor, Any]]:
    """A batch in so many parts, as equal as they can be; it has as many pictures at least, or it is in fewer parts."""
    if count == 1:
        yield images, labels
        return
    size = math.ceil(len(images) / count)
    for start in range(0, len(images), size):
        part = slice(start, start + size)
        several = isinstance(labels, Mapping)
        yield images[part], {name: each[part] for name, each in labels.items()} if several else labels[part]


def fit(
    model: Module,
    loader: DataLoader,
    epochs: int,
    optimizer: Optimizer,
    loss_fn: Callable[[Any, Any], Tensor] = cross_entropy,
    val_loader: DataLoader | None = None,
    scheduler: LRScheduler | None = None,
    callbacks: Iterable[Callback] = (),
    **options: Any,
) -> History:
    """Train a model in one call; returns the history. The same as Trainer(..., **options).fit(epochs)."""
    trainer = Trainer(model, optimizer, loader, loss_fn, val_loader, scheduler, list(callbacks), **options)
    return trainer.fit(epochs)
