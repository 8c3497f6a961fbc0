"""One look at a batch: forward, loss and backward of a net in training mode, and nothing is changed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinyconv import nn, observe
from tinyconv.backend import move
from tinyconv.creation import zeros
from tinyconv.errors import TinyconvError
from tinyconv.ledger.trace import as_it_was
from tinyconv.ops.loss import cross_entropy
from tinyconv.tape import enable_grad, no_grad
from tinyconv.tensor import Tensor


@dataclass(frozen=True)
class Activation:
    """What a layer's nonlinearity makes of a batch.

    path, operation  "features.1", "relu"
    units  channels, or features of a dense layer
    silent how many of them are 0 for every picture, everywhere
    flat   the share of values beyond 99 % of the way from the middle to an end of the range
    """

    path: str
    operation: str
    units: int
    silent: int = 0
    flat: float = 0.0


@dataclass(eq=False)
class Look:
    """What one batch shows. Arrays are on the CPU; None stands for what is not there or not of that form.

    fresh     nothing has been trained yet
    images, labels  the batch
    classes   (N,) whole numbers: the labels, or the likeliest of each row of probabilities
    failure   the error that the net or the loss raised
    logits    the net's main output, (N, K, ...)
    last      the operation that they came out of, "linear"
    loss      its value;  entropy  mean cross entropy of logits and labels
    shift     loss(logits + 1) - loss(logits): 0 if a softmax is part of the loss
    at_zero   the loss of logits that are all 0: ln K if it is cross entropy
    gradients of all parameters that require one
    """

    model: nn.Module
    loss_fn: Callable[..., Tensor]
    fresh: bool
    images: np.ndarray | None
    labels: np.ndarray | None
    classes: np.ndarray | None
    failure: TinyconvError | None = None
    logits: np.ndarray | None = None
    last: str = ""
    loss: float | None = None
    entropy: float | None = None
    shift: float | None = None
    at_zero: float | None = None
    activations: list[Activation] = field(default_factory=list)
    gradients: dict[str, np.ndarray | None] = field(default_factory=dict)

    @property
    def outputs(self) -> int:
        """K, how many scores there are for a picture; 0 if that is not known."""
        return 0 if self.logits is None else self.logits.shape[1]

    @property
    def is_cross_entropy(self) -> bool:
        """Is the loss the mean cross entropy of logits?"""
        return (
            self.has_softmax
            and self.at_zero is not None
            and bool(np.isclose(self.at_zero, np.log(self.outputs), rtol=1e-3))
        )

    @property
    def has_softmax(self) -> bool:
        """Does the loss not see a number that is added to all logits of a picture?"""
        return self.outputs > 1 and self.shift is not None and abs(self.shift) < 1e-3 * max(1.0, abs(self.loss or 0.0))


def take(model: nn.Module, images: Any, labels: Any, loss_fn: Callable[..., Tensor], fresh: bool = True) -> Look:
    """Look at the net with one batch. Modes, buffers, gradients and random streams are afterwards what they were."""
    given = array(labels)
    look = Look(model, loss_fn, fresh, array(images), given, classes_of(given))
    # NumPy need not warn of infinities: the doctor says it in its own words.
    with as_it_was(model), enable_grad(), np.errstate(over="ignore", invalid="ignore"):
        model.train()
        model.zero_grad()
        try:
            with observe.on_operation(_watch(look.activations)):
                y = model(images)
            main = _main(y)
            if main is not None:
                look.logits, look.last = array(main), main.grad_fn.name if main.grad_fn else ""
            loss = loss_fn(y, labels)
            look.loss = float(loss.item())
            if loss.requires_grad:
                loss.backward()
        except TinyconvError as error:
            look.failure = error
        learned = [(path, p) for path, p in model.named_parameters() if p.requires_grad]
        look.gradients = {path: None if p.grad is None else array(p.grad) for path, p in learned}
        if look.failure is None and main is not None and given is not None:
            _probe(look, main.detach(), labels)
    return look


def _main(y: Any) -> Tensor | None:
    """The scores (N, K) or (N, K, H, W); of several outputs in a row the first, the others are auxiliary."""
    y = y[0] if isinstance(y, (tuple, list)) and y else y
    return y if isinstance(y, Tensor) and y.ndim >= 2 else None


def _probe(look: Look, y: Tensor, labels: Any) -> None:
    """Find out what kind of loss it is by asking it."""

    def value(loss_fn: Callable[..., Tensor], y: Tensor) -> float | None:
        try:
            return float(loss_fn(y, labels).item())
        except Exception:  # a function of the user's, given what it may not be made for
            return None

    with no_grad():
        plain, shifted = value(look.loss_fn, y), value(look.loss_fn, y + 1)
        look.shift = None if plain is None or shifted is None else shifted - plain
        look.at_zero = value(look.loss_fn, zeros(*y.shape, dtype=y.dtype).to(y.device))
        look.entropy = value(cross_entropy, y)


def _watch(found: list[Activation]) -> Callable[..., None]:
    thread = threading.get_ident()

    def watch(name: str, inputs: list[Tensor], output: Tensor, arguments: dict[str, Any]) -> None:
        if name not in ("relu", "relu6", "tanh", "sigmoid") or output.ndim < 2 or threading.get_ident() != thread:
            return
        path, y = observe.where_called()[0] or "the net itself", array(output)
        if y is None or not y.size:
            return
        if name.startswith("relu"):
            alive = np.count_nonzero((y > 0).any(axis=tuple(axis for axis in range(y.ndim) if axis != 1)))
            found.append(Activation(path, name, y.shape[1], silent=y.shape[1] - int(alive)))
        else:
            flat = np.abs(y) > 0.99 if name == "tanh" else np.abs(y - 0.5) > 0.495
            found.append(Activation(path, name, y.shape[1], flat=float(flat.mean())))

    return watch


def array(x: Any) -> np.ndarray | None:
    """A Tensor or an array, on the CPU; None for anything else, such as a dict of labels."""
    x = x.data if isinstance(x, Tensor) else x
    return move(x, "cpu") if hasattr(x, "dtype") and hasattr(x, "ndim") else None


def classes_of(labels: np.ndarray | None) -> np.ndarray | None:
    """A class for each picture, if that is what the labels say."""
    if labels is None or not labels.size:
        return None
    if labels.ndim == 1 and labels.dtype.kind in "iu":
        return labels
    return labels.argmax(1) if labels.ndim == 2 and labels.shape[1] > 1 else None
