"""What can be wrong with the course of a training: steps, gradients, batches, modes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinyconv import nn
from tinyconv.optim import Optimizer
from tinyconv.tape import Handle
from tinyconv.tensor import Tensor

from .finding import Says, some
from .look import array
from .of_net import norms_of_batches

# ---------------------------------------------------------------- how large steps are

SMALLEST, LARGEST = 1e-6, 0.3  # |dw| / |w|; about 1e-3 is usual, and Adadelta begins with up to 0.1
SAMPLE = 4096  # numbers of a parameter that are looked at
IN_A_ROW = 3  # looks


class Updates:
    """|dw| / |w| of every weight, at the steps that are looked at. Biases and norms begin at 0 or 1, and have none."""

    def __init__(self) -> None:
        self.ratios: dict[str, list[float]] = {}
        self.rates: dict[str, float] = {}
        self._before: dict[str, np.ndarray] = {}
        self._highest: dict[str, float] = {}

    def before(self, model: nn.Module) -> None:
        self._before = {path: _sample(p) for path, p in model.named_parameters() if p.requires_grad and p.ndim >= 2}

    def after(self, model: nn.Module, optimizer: Optimizer) -> None:
        """Rates that have come down to a tenth of their highest are meant to make small steps, and do not count."""
        rate_of = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
        for path, p in model.named_parameters():
            rate, w = rate_of.get(id(p), 0.0), self._before.pop(path, None)
            self._highest[path] = max(rate, self._highest.get(path, 0.0))
            if w is None or p.grad is None or not w.any() or rate <= 0.1 * self._highest[path]:
                continue
            ratio = float(np.linalg.norm(_sample(p) - w) / np.linalg.norm(w))
            self.ratios.setdefault(path, []).append(ratio)
            self.rates[path] = rate

    def always(self, off: Callable[[float], bool]) -> dict[str, float]:
        """Weights of which the last ratios are all off, and the last of them."""
        recent = {path: ratios[-IN_A_ROW:] for path, ratios in self.ratios.items() if len(ratios) >= IN_A_ROW}
        return {path: ratios[-1] for path, ratios in recent.items() if all(map(off, ratios))}


def _sample(p: Tensor) -> np.ndarray:
    """A copy of some of its numbers, spread over all of them in the order of memory."""
    flat = p.data.ravel(order="K")
    x = array(flat[:: math.ceil(flat.size / SAMPLE)])
    assert x is not None
    return x.astype(np.float64)


def updates_too_large(u: Updates) -> Says:
    off = u.always(lambda ratio: ratio > LARGEST)
    if not off:
        return None
    worst = max(off, key=lambda path: off[path])
    return (
        f"a step changes {worst} by {off[worst]:.1e} of its size (learning rate {u.rates[worst]:g})"
        + (f"; likewise {some([path for path in off if path != worst])}." if len(off) > 1 else "."),
        "About 1e-3 is usual. Steps so large jump over what they look for.",
        f"Divide the learning rate by {_power_of_ten(off[worst] / 1e-3)}, or look at the size of the loss.",
    )


def updates_too_small(u: Updates) -> Says:
    off = u.always(lambda ratio: ratio < SMALLEST)
    if not off:
        return None
    least = min(off, key=lambda path: off[path])
    none = off[least] == 0
    return (
        f"a step changes {least} by {off[least]:.1e} of its size (learning rate {u.rates[least]:g})"
        + (f"; likewise {some([path for path in off if path != least])}." if len(off) > 1 else "."),
        "About 1e-3 is usual. With steps so small training takes for ever.",
        "Its gradient is 0: look for dead units behind it."
        if none
        else f"Multiply the learning rate by {_power_of_ten(1e-3 / off[least])}; gradients that fade from layer "
        "to layer want batch norm, other initial weights, or shortcuts.",
    )


def _power_of_ten(ratio: float) -> str:
    return f"{10 ** round(math.log10(ratio)):g}"


UPDATE_CHECKS = (updates_too_large, updates_too_small)

# ---------------------------------------------------------------- gradients that are never forgotten


class Heap:
    """Watches one weight over two batches: does the gradient of the first come back in that of the second?"""

    def __init__(self, p: Tensor):
        self.p = p
        self.piled = self.done = False
        self._stepped = False
        self._w: Any = None
        self._old: Any = None
        self._fresh: list[Any] = []
        self._handle: Handle | None = None

    @classmethod
    def of(cls, optimizer: Optimizer) -> Heap | None:
        """For the smallest weight that has a gradient."""
        weights = [p for p in optimizer.parameters() if p.grad is not None and p.ndim >= 2]
        return cls(min(weights, key=Tensor.numel)) if weights else None

    def before(self) -> None:
        if self._w is None:
            self._w = self.p.data.copy()
        elif self._stepped and self.p.grad is not None:
            self._old = self.p.grad.data.copy()
            self._handle = self.p.register_hook(lambda dx: self._fresh.append(dx.data.copy()))

    def after(self) -> None:
        if not self._stepped:
            self._stepped = bool((self.p.data != self._w).any())
            self.done = not self._stepped  # gradients of several batches are collected on purpose, or nothing flows
            return
        if self._handle is not None:
            self._handle.remove()
            if self.p.grad is not None and len(self._fresh) == 1:
                new, dx = self.p.grad.data, self._fresh[0]
                self.piled = not _close(new, dx) and _close(new, self._old + dx)
        self.done = True


def _close(a: Any, b: Any) -> bool:
    return float(abs(a - b).max()) <= 1e-3 * float(abs(b).max())


def gradients_pile_up(h: Heap) -> Says:
    if not h.piled:
        return None
    return (
        "after a step the next batch's gradients were added to those of the batch before it.",
        "Each step then follows the sum of all gradients since the beginning.",
        "Call optimizer.zero_grad() before each backward().",
    )


# ---------------------------------------------------------------- the loop


class Moment(NamedTuple):
    """Where training stands, and the mean loss of the epoch so far."""

    loss: float
    epoch: int
    step: int
    rate: float


def loss_not_finite(m: Moment) -> Says:
    if math.isfinite(m.loss):
        return None
    return (
        f"the loss is {m.loss} in epoch {m.epoch}, step {m.step}; the learning rate is {m.rate:g}.",
        "Every weight is NaN by now, and stays so.",
        "A lower learning rate, or a warm-up; pictures of mean 0 and standard deviation 1; with "
        "tinyconv.detect_anomaly(): shows where it begins.",
    )


class Plan(NamedTuple):
    """What is to be trained, on batches of which sizes.   last  pictures in the last batch of an epoch; 0: not known"""

    model: nn.Module
    last: int


def last_batch_of_one(p: Plan) -> Says:
    if p.last != 1 or not norms_of_batches(p.model):
        return None
    return (
        "the last batch of an epoch has one picture, and the net has batch norm.",
        "Mean and variance of one picture spoil the step and the running statistics, or cannot be had at all.",
        "DataLoader(..., drop_last=True), or another batch_size.",
    )


class Sides(NamedTuple):
    """A batch to train on and one to evaluate on."""

    training: np.ndarray
    validation: np.ndarray


def normalisations_differ(s: Sides) -> Says:
    """Classes and augmentation move mean and spread a little; another normalisation moves them a lot."""
    (a, p), (b, q) = ((float(x.mean(dtype=np.float64)), float(x.std(dtype=np.float64))) for x in s)
    if p == 0 or q == 0 or (abs(a - b) <= max(p, q) and max(p, q) <= 3 * min(p, q)):
        return None
    return (
        f"pictures to train on have mean {a:.3g} and standard deviation {p:.3g}, those to evaluate on {b:.3g} and "
        f"{q:.3g}.",
        "The net is judged on pictures of another kind than it learns from.",
        "Give both loaders the same Normalize, with the statistics of the training set.",
    )


class Run(NamedTuple):
    """A forward pass.   recorded  for a backward pass   stepping  as part of a training step"""

    model: nn.Module
    recorded: bool
    stepping: bool


def evaluation_in_training_mode(r: Run) -> Says:
    """Running statistics that are computed anew, as update_bn does, are meant: they are plain means (momentum=None)."""
    norms = [m for m in r.model.modules() if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d))]
    if norms and all(norm.momentum is None for norm in norms):
        return None
    if r.recorded or not r.model.training or not (modal := layers_with_modes(r.model)):
        return None
    return (
        f"the net was run without recording (no_grad) in training mode, and has {some(modal)}.",
        "Dropout drops, and batch norm uses the batch at hand and changes its running statistics: results are worse, "
        "and depend on what else is in the batch.",
        "model.eval() before, model.train() afterwards; evaluate(model, loader) does both.",
    )


def training_in_evaluation_mode(r: Run) -> Says:
    if not (r.recorded and r.stepping) or r.model.training or not (modal := layers_with_modes(r.model)):
        return None
    return (
        f"a training step runs in evaluation mode, and the net has {some(modal)}.",
        "Dropout does nothing, and batch norm learns no statistics.",
        "model.train() after each evaluation; for a part that is meant to stay so: freeze(model, ...).",
    )


def layers_with_modes(model: nn.Module) -> list[str]:
    """The paths of dropout and batch norm that do not do the same in both modes."""
    dropout = (nn.Dropout, nn.Dropout2d)
    by_chance = [path for path, m in model.named_modules() if isinstance(m, dropout) and m.p > 0]
    return [
        f"{path} ({type(m).__name__})"
        for path, m in model.named_modules()
        if path in by_chance + norms_of_batches(model)
    ]


RUN_CHECKS = (evaluation_in_training_mode, training_in_evaluation_mode)
