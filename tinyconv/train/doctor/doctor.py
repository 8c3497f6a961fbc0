"""The training doctor: a look at a net before it is trained, and a callback that watches it being trained."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyconv import nn, random
from tinyconv.errors import ArgumentError, TrainingWarning, UnknownNameError
from tinyconv.ops.loss import cross_entropy
from tinyconv.optim import Optimizer
from tinyconv.tape import Handle, is_grad_enabled
from tinyconv.tensor import Tensor, as_tensor

from ..callbacks import Callback
from ..judging import on
from . import of_course, of_labels, of_net, of_optimizer, of_pictures
from .finding import Finding, Says, examine
from .look import array, classes_of, take

if TYPE_CHECKING:
    from ..trainer import Trainer

BATCH_CHECKS: tuple[Callable[..., Says], ...] = (*of_pictures.CHECKS, *of_labels.CHECKS, *of_net.CHECKS)
COURSE_CHECKS: tuple[Callable[..., Says], ...] = (
    *of_labels.CENSUS_CHECKS,
    *of_course.UPDATE_CHECKS,
    of_course.gradients_pile_up,
    of_course.loss_not_finite,
    of_course.last_batch_of_one,
    of_course.normalisations_differ,
    *of_course.RUN_CHECKS,
)
KINDS = [check.__name__ for check in (*BATCH_CHECKS, *of_optimizer.CHECKS, *COURSE_CHECKS)]
LOOKS = (0, 10, 100, 1000, 10_000, 100_000)  # batches that are run a second time, to look at the net


def diagnose(
    model: nn.Module,
    data: Any,
    loss_fn: Callable[..., Tensor] | None = None,
    optimizer: Optimizer | None = None,
) -> list[Finding]:
    """What looks like a mistake in a net that is about to be trained, judged by one batch.

    data     a loader, whose first batch is taken, or a pair (images, labels)
    loss_fn  the model's own `loss`, or cross_entropy, unless given
    Weights, buffers, gradients, modes, random streams and the loader are afterwards what they were.
    Raises what the model and the loss raise if no finding explains it, and ArgumentError.
    """
    images, labels = data if _is_batch(data) else first_batch(data)
    device = next((p.device for p in model.parameters()), "cpu")
    images, labels = (as_tensor(x).to(device) if array(x) is not None else x for x in (images, labels))
    loss: Callable[..., Tensor] = getattr(model, "loss", cross_entropy) if loss_fn is None else loss_fn
    look = take(model, images, labels, loss)
    findings = list(examine(BATCH_CHECKS, look))
    if optimizer is not None:
        findings += examine(of_optimizer.CHECKS, of_optimizer.Pair(model, optimizer))
    if look.failure is not None and not findings:
        raise look.failure
    return findings


class Doctor(Callback):
    """Warns of what looks like a mistake, once of each kind: with a TrainingWarning, and in `findings`.

        doctor = Doctor()
        Trainer(..., callbacks=[doctor]).fit(epochs=5)

    every    batches between two looks at how far a step moves the weights
    ignore   kinds of findings that are not wanted, of `Doctor.kinds`

    Batch 0, 10, 100, 1000, ... is run a second time beside the training, in which not a bit changes. Runs of the
    model in the wrong mode are seen after the fit too, until `dismiss()`.   Raises ArgumentError, UnknownNameError.
    """

    kinds = tuple(KINDS)

    def __init__(self, every: int = 50, ignore: Iterable[str] = ()):
        if every < 1:
            raise ArgumentError("Doctor", f"every is {every}; it must be at least 1.")
        self.every, self.ignore = every, set(ignore)
        for kind in self.ignore - set(KINDS):
            raise UnknownNameError("Doctor", "kind of finding", kind, KINDS)
        self.findings: list[Finding] = []
        self.batches = 0
        self.updates = of_course.Updates()
        self._K = 0  # outputs of the net, once it was looked at
        self._census: of_labels.Census | None = None
        self._counting = True  # one whole epoch is enough
        self._whole = False  # is the present one whole?
        self._heap: of_course.Heap | None = None
        self._stepping = False
        self._handle: Handle | None = None

    def hear(self, checks: Iterable[Callable[[Any], Says]], facts: Any) -> None:
        """Warn of what the checks find, unless that kind was found before."""
        known = self.ignore | {finding.kind for finding in self.findings}
        for finding in examine([check for check in checks if check.__name__ not in known], facts):
            self.findings.append(finding)
            warnings.warn(str(finding), TrainingWarning, stacklevel=4)

    def dismiss(self) -> None:
        """No longer watch in which mode the model is run."""
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    # ------------------------------------------------------------ what happens

    def on_fit_begin(self, trainer: Trainer) -> None:
        self.dismiss()
        self._handle = trainer.model.register_forward_hook(self._mode_watch())
        pair = of_optimizer.Pair(trainer.model, trainer.optimizer, trainer.scheduler is not None)
        self.hear(of_optimizer.CHECKS, pair)
        self.hear([of_course.last_batch_of_one], of_course.Plan(trainer.model, _last_batch(trainer.loader)))

    def on_epoch_begin(self, trainer: Trainer) -> None:
        self._census = None
        self._whole = trainer.step == 0

    def on_batch_begin(self, trainer: Trainer, images: Tensor, labels: Any) -> None:
        if self.batches in LOOKS:
            self._look(trainer, images, labels)
        if self.batches == 0:
            self._compare(trainer, images)
        self._count(classes_of(array(labels)))
        if self.batches == 1:
            self._heap = of_course.Heap.of(trainer.optimizer)
        if self._heap is not None:
            self._heap.before()
        if self._measured():
            self.updates.before(trainer.model)
        self._stepping = True

    def on_batch_end(self, trainer: Trainer) -> None:
        self._stepping = False
        rate = trainer.optimizer.param_groups[0]["lr"]
        moment = of_course.Moment(trainer.running.loss, trainer.epoch + 1, trainer.step, rate)
        if trainer.running.figures:
            self.hear([of_course.loss_not_finite], moment)
        if self._measured():
            self.updates.after(trainer.model, trainer.optimizer)
            self.hear(of_course.UPDATE_CHECKS, self.updates)
        if self._heap is not None:
            self._heap.after()
            self.hear([of_course.gradients_pile_up], self._heap)
            self._heap = None if self._heap.done else self._heap
        self.batches += 1

    def on_epoch_end(self, trainer: Trainer) -> None:
        if self._census is not None:
            self._census.complete = True
            self.hear(of_labels.CENSUS_CHECKS, self._census)
            self._census, self._counting = None, False

    # ------------------------------------------------------------ how it is seen

    def _measured(self) -> bool:
        return self.batches % self.every == self.every - 1

    def _look(self, trainer: Trainer, images: Tensor, labels: Any) -> None:
        fresh = self.batches == trainer.epoch == trainer.step == 0
        look = take(trainer.model, images.to(trainer.device), on(labels, trainer.device), trainer.loss_fn, fresh)
        self._K = look.outputs
        self.hear(BATCH_CHECKS, look)

    def _compare(self, trainer: Trainer, images: Tensor) -> None:
        if trainer.val_loader is None:
            return
        held_out = array(first_batch(trainer.val_loader)[0])
        training = array(images)
        if training is not None and held_out is not None and len(training) >= 16 and len(held_out) >= 16:
            self.hear([of_course.normalisations_differ], of_course.Sides(training, held_out))

    def _count(self, classes: np.ndarray | None) -> None:
        if not self._counting or not self._whole or classes is None or self._K < 2:
            return
        self._census = self._census or of_labels.Census(self._K)
        self._census.add(classes)
        self.hear(of_labels.CENSUS_CHECKS, self._census)

    def _mode_watch(self) -> Callable[[nn.Module, Any, Any], None]:
        """A plain function: a copy of the model takes it along as it is, and not the doctor."""

        def watch(model: nn.Module, inputs: Any, output: Any) -> None:
            self.hear(of_course.RUN_CHECKS, of_course.Run(model, is_grad_enabled(), self._stepping))

        watch.once_is_enough = True  # type: ignore[attr-defined]  # a step that was captured runs no hooks
        return watch


# ---------------------------------------------------------------- batches


def first_batch(loader: Iterable[Any]) -> tuple[Any, Any]:
    """A loader's first batch, in a random order if it knows of that. The loader and the streams stay as they are."""
    if iter(loader) is loader:
        problem = "data is an iterator, and a batch that is taken from it is lost; give the loader, or a batch."
        raise ArgumentError("diagnose", problem)
    loader = copy.copy(loader)
    if hasattr(loader, "shuffle"):
        loader.shuffle = True  # sorted by class, a first batch shows one class alone
    with _streams_kept():
        batches = iter(loader)
        batch = next(batches, None)
        if hasattr(batches, "close"):
            batches.close()
    if batch is None:
        raise ArgumentError("diagnose", "data gives no batches: there is nothing to look at.")
    return batch


@contextmanager
def _streams_kept() -> Iterator[None]:
    streams = random.get_state()
    try:
        yield
    finally:
        random.set_state(streams)


def _is_batch(data: Any) -> bool:
    return isinstance(data, (tuple, list)) and len(data) == 2 and array(data[0]) is not None


def _last_batch(loader: Any) -> int:
    """How many pictures the last batch of an epoch has; 0 if the loader does not say."""
    dataset, size = getattr(loader, "dataset", None), getattr(loader, "batch_size", None)
    if dataset is None or not isinstance(size, int):
        return 0
    return size if getattr(loader, "drop_last", False) else len(dataset) % size or size
