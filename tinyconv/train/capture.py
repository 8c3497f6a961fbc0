"""Forward pass, loss and backward pass of a batch, captured once as a CUDA graph and played again.

A launch takes some microseconds of the processor's time, and a small net's kernels are over sooner than that. A graph
launches all of them at once. It reads and writes the same memory each time: the batch is copied to where the captured
one was, the gradients are where they were, and so are the keys of dropout, which are drawn anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from tinyconv import nn, observe, random
from tinyconv.backend import (
    array_module,
    current_engine,
    get_float32_matmul_precision,
    get_precision,
    on_its_gpu,
)
from tinyconv.data.labelled import of_each
from tinyconv.errors import ArgumentError
from tinyconv.tensor import Tensor

from .judging import of_outputs

Step = Callable[[Tensor, Any], tuple[Tensor, Any]]  # (images, labels) -> loss, outputs; gradients go to the parameters

KEYS = 1024  # at most, that a step draws
BEFORE = 2  # steps with batches of one shape before it is captured: they compile kernels, and fill the pool of memory


class CaptureError(Exception):
    """A step that cannot be captured; the text says why."""


class CapturedStep:
    """`step`, as it went with one batch, for others of the same shape."""

    def __init__(self, step: Step, model: nn.Module, images: Tensor, labels: Any):
        xp = array_module(images.data)
        self.images, self.labels = images.clone(), of_each(lambda t: t.clone(), labels)
        self.parameters = list(model.parameters())
        self.places, self.keys = xp.zeros((KEYS, 2), np.uint32), 0
        self.pool = xp.cuda.MemoryPool()  # nobody else may get memory that the graph writes to
        self.stream = xp.cuda.Stream(non_blocking=True)
        streams = random.get_state()
        with xp.cuda.using_allocator(self.pool.malloc), self.stream, random.keys_at(self._placed):
            self.stream.begin_capture()
            try:
                self.loss, self.outputs = step(self.images, self.labels)
            except Exception as error:
                self._give_up(streams)
                raise CaptureError(f"{type(error).__name__}: {error}") from error
            self.graph = self.stream.end_capture()
        self.loss = self.loss.detach()
        self.outputs = of_outputs(lambda y: y.detach() if isinstance(y, Tensor) else y, self.outputs)
        self.gradients = [p.grad for p in self.parameters]
        random.set_state(streams)  # nothing has been computed yet: the first call draws these keys

    def __call__(self, images: Tensor, labels: Any) -> tuple[Tensor, Any]:
        """Loss and outputs; these the next call overwrites."""
        on_its_gpu(images.data)
        self.images.data[...] = images.data
        for mine, given in zip(_each(self.labels), _each(labels), strict=True):
            mine.data[...] = given.data
        if self.keys:
            keys = np.array([random.key() for _ in range(self.keys)], "<u8").view("<u4").reshape(-1, 2)
            self.places[: self.keys].set(keys)
        self.graph.launch()
        for p, gradient in zip(self.parameters, self.gradients, strict=True):
            p.grad = gradient
        return Tensor(self.loss.data.copy()), self.outputs

    def _placed(self, bits: int) -> random.Key:
        if self.keys == KEYS:
            raise CaptureError(f"it draws more than {KEYS} keys for dropout")
        key = random.Key(bits)
        key.place = self.places[self.keys]
        self.keys += 1
        return key

    def _give_up(self, streams: dict[str, Any]) -> None:
        """End what was begun; nothing has been computed, and nothing is to remain of it."""
        with suppress(RuntimeError):  # CuPy's CUDARuntimeError: the capture was invalidated
            self.stream.end_capture()
        for p in self.parameters:
            p.grad = None
        random.set_state(streams)


class Capture:
    """Steps of a trainer, captured for the batches whose shape comes again and again.

    wanted  True: an error says why a step cannot be captured. None: it is captured where that can be known to be right,
            which is so for nets and losses of tinyconv's own layers that nobody looks into. False: never
    """

    def __init__(self, wanted: bool | None, step: Step, model: nn.Module, loss_fn: Any):
        self.wanted, self.step, self.model, self.loss_fn = wanted, step, model, loss_fn
        self.refused: str | None = None  # why it is not done any more
        self._captured: CapturedStep | None = None
        self._tensors: list[Tensor] = []  # the net's parameters and buffers
        self._taken: list[tuple[Any, bool]] = []  # their arrays, kept so that no others pass for them; do they learn?
        self._settings: Any = None
        self._shapes: Any = None
        self._allowed = False
        self._times = 0

    def look_again(self) -> None:
        """As an epoch begins: the net's layers, their settings and hooks. For each step it would take too long."""
        self._tensors = [*self.model.parameters(), *self.model.buffers()]
        self._allowed = bool(self.wanted) or is_our_own(self.model, self.loss_fn)
        settings = settings_of(self.model, self.loss_fn)
        if settings != self._settings:
            self._settings, self._shapes, self._captured = settings, None, None

    def __call__(self, images: Tensor, labels: Any) -> tuple[Tensor, Any]:
        """The step: captured, played, or taken as it is."""
        if not self._possible(images):
            return self.step(images, labels)
        shapes = [(t.shape, t.dtype) for t in (images, *_each(labels))]
        if shapes != self._shapes or not self._as_before():
            if self._captured is not None and images.shape[0] < self._captured.images.shape[0]:
                return self.step(images, labels)  # the last batch of an epoch
            self._shapes, self._times, self._captured = shapes, 0, None
            self._taken = [(x.data, x.requires_grad) for x in self._tensors]
        self._times += 1
        if self._times <= BEFORE:
            return self.step(images, labels)
        if self._captured is None:
            try:
                self._captured = CapturedStep(self.step, self.model, images, labels)
            except CaptureError as error:
                self.refused = str(error)
                if self.wanted:
                    cure = "Leave what it trips over out of the step, or use capture=False."
                    raise ArgumentError("fit", f"this step cannot be captured ({error}). {cure}") from error
                return self.step(images, labels)
        return self._captured(images, labels)

    def _possible(self, images: Tensor) -> bool:
        if self.wanted is False or self.refused is not None or images.device == "cpu" or observe.observed():
            return False
        if not self._tensors:
            self.look_again()
        return self._allowed

    def _as_before(self) -> bool:
        """Are the weights where they were, and do the same of them learn? A graph takes it for granted."""
        same = len(self._tensors) == len(self._taken)
        return same and all(
            x.data is array and x.requires_grad == learns
            for x, (array, learns) in zip(self._tensors, self._taken, strict=True)
        )


def settings_of(model: nn.Module, loss_fn: Any) -> Any:
    """What is settled while a step is captured: each layer's mode, probability, momentum, ...; engine and precision."""
    layers = [*model.modules(), *(loss_fn.modules() if isinstance(loss_fn, nn.Module) else ())]
    plain = (bool, int, float, str, tuple, type(None))
    own = [{name: value for name, value in vars(layer).items() if isinstance(value, plain)} for layer in layers]
    engine = current_engine(next(iter(model.parameters())).data)
    return own, engine, get_precision(), get_float32_matmul_precision()


def is_our_own(model: nn.Module, loss_fn: Any) -> bool:
    """Do all layers and the loss come from tinyconv, with no hook in them? Then a step does the same each time."""
    layers = [model, *(loss_fn.modules() if isinstance(loss_fn, nn.Module) else ()), *model.modules()]
    classes = {type(layer).__module__.partition(".")[0] for layer in layers}
    if not isinstance(loss_fn, nn.Module):
        classes.add(getattr(loss_fn, "__module__", "").partition(".")[0])
    hooks = [hook for layer in layers for hook in layer._forward_hooks or ()]
    watched = any(p.hooks for p in model.parameters())
    return classes == {"tinyconv"} and not watched and all(getattr(hook, "once_is_enough", False) for hook in hooks)


def _each(labels: Any) -> list[Tensor]:
    return list(labels.values()) if isinstance(labels, Mapping) else [labels]
