"""Where the first NaN or infinity came from: the operation, the layer, the user's line."""

from __future__ import annotations

import linecache
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from . import observe
from .backend import Array, array_module
from .errors import AnomalyError
from .nn.module import buffers_of_running, path_of_running
from .tape import Operation
from .tensor import Tensor

_current: ContextVar[Detection | None] = ContextVar("tinyconv_detection", default=None)


@contextmanager
def detect_anomaly(infinity: bool = True) -> Iterator[None]:
    """Raise AnomalyError at the first operation with a NaN or infinity in its result, or in a gradient going back.

        with tinyconv.detect_anomaly():  # or @tinyconv.detect_anomaly() before a function
            loss = F.cross_entropy(net(x), labels)
            loss.backward()

    The error names the operation, the layer, the line of yours that called it (also for the backward pass), the
    bad elements, and what went in: if that was bad already, your data or parameters are to blame.
    infinity  False: only NaN, for code that fills with -inf on purpose
    Only results count, not what an operation computes on the way to them: the border of -inf of max pooling is
    no anomaly. It holds in the Python thread that entered it. NumPy's own warnings are silent meanwhile.
    Every array is looked at, and layers are not fused: it is for looking for a fault, not for training.
    """
    detection = Detection(infinity)
    token = _current.set(detection)
    try:
        with (
            observe.on_operation(detection.look_forward),
            observe.on_step(detection.look_back),
            np.errstate(divide="ignore", over="ignore", invalid="ignore"),
        ):
            yield
    finally:
        _current.reset(token)


class Detection:
    """What looks at results and gradients while detect_anomaly is on."""

    def __init__(self, infinity: bool):
        self.infinity = infinity

    def look_forward(self, name: str, inputs: list[Tensor], y: Tensor, arguments: dict[str, Any]) -> None:
        # Inside a step backward only the gradients count, which look_back sees.
        if _current.get() is not self or observe.step_back() is not None or not (found := self.bad(y.data)):
            return
        cause = self.cause(inputs)
        raise _error(name, *observe.where_called(), f"its result has {found}", [cause])

    def look_back(self, operation: Operation, dy: Tensor, gradients: list[Tensor], contributions: Any) -> None:
        if _current.get() is not self:
            return
        reached = self.bad(dy.data)
        made = next((f"of shape {dx.shape} has {bad}" for dx in gradients if (bad := self.bad(dx.data))), "")
        if not reached and not made:
            return
        problem = f"the gradient of its input {made}" if made else f"the gradient of its result has {reached}"
        notes = [self.cause_backward(operation, dy, reached)]
        if operation.backward_of is not None:
            notes.insert(0, _ancestry(operation))
        raise _error(operation.name, operation.module, operation.layer, operation.line, problem, notes, True)

    def bad(self, array: Array) -> str:
        """ "2 NaN and 1 inf among 24 elements, ..." or "" if there are none."""
        xp = array_module(array)
        if array.dtype.kind not in "fc" or xp.isfinite(array).all():
            return ""
        where = ~xp.isfinite(array) if self.infinity else xp.isnan(array)
        if not where.any():
            return ""
        nans, index = int(xp.isnan(array).sum()), np.unravel_index(int(where.argmax()), array.shape)
        infinities = int(where.sum()) - nans
        counts = [f"{nans} NaN"] * (nans > 0) + [f"{infinities} inf"] * (infinities > 0)
        place = f", the first at [{', '.join(str(i) for i in index)}]: {array[index].item()}"
        return f"{' and '.join(counts)} among {array.size} elements{place if index else ''}"

    # ------------------------------------------------------------ what was bad before

    def cause(self, inputs: list[Tensor]) -> str:
        for i, x in enumerate(inputs):
            if found := self.bad(x.data):
                return f"Its input {i}, of shape {x.shape}, had {found}. {_origin(x)}"
        for name, buffer in buffers_of_running():
            if found := self.bad(buffer.data):
                return f"Its layer's {name}, of shape {buffer.shape}, had {found}. {_origin(buffer)}"
        return f"What goes in has none ({_ranges(x.data for x in inputs)}): the operation itself made it."

    def cause_backward(self, operation: Operation, dy: Tensor, reached: str) -> str:
        if reached:  # no step made it: all steps before this one were looked at
            return f"The gradient that reached it had {reached}. It was given to backward(), or a hook returned it."
        for array in _kept(operation):
            if found := self.bad(array):
                kept = f"What it kept of the forward pass, of shape {array.shape}, had {found}."
                return f"{kept} Run the forward pass under detect_anomaly too."
        kept = f"nor has what it kept of the forward pass ({_ranges(_kept(operation))})"
        return (
            f"The gradient that reached it has none ({_ranges([dy.data])}), {kept}: it was made here, "
            "or in the sum over several uses of that input."
        )


def _error(
    name: str, module: str, layer: str, line: str, problem: str, notes: list[str], backward: bool = False
) -> AnomalyError:
    place = f"{line}:  {_source_of(line)}" if line else "Its line is not known: it did not run under detect_anomaly."
    error = AnomalyError(name, "\n  ".join([f"{problem}.", place, *notes]))
    error.module, error.layer, error.line, error.backward = module, layer, line, backward
    return error


def _source_of(line: str) -> str:
    """The text of "train.py:31"."""
    file, _, number = line.rpartition(":")
    return linecache.getline(file, int(number)).strip()


def _origin(x: Tensor) -> str:
    """Where an input with a NaN in it came from; no operation under detect_anomaly gave it out like that."""
    if x.grad_fn is not None and x.grad_fn.line:
        return f"It came out of {x.grad_fn.name!r} ({x.grad_fn.line}) and was changed in place since."
    if x.grad_fn is not None:
        return f"It came out of {x.grad_fn.name!r}, which did not run under detect_anomaly."
    path = path_of_running(x)
    if path:
        return f"It is {path}: look at the optimiser's last step, or at what was loaded."
    if x.requires_grad:
        return "It is a leaf that requires a gradient: look at what it was made of, or at the optimiser's last step."
    return "No operation under detect_anomaly made it: it is data from outside."


def _ancestry(operation: Operation) -> str:
    names, origin = [], operation.backward_of
    while origin is not None:
        names.append(repr(origin.name))
        origin = origin.backward_of
    return f"It is part of the backward pass of {', in that of '.join(names)}, recorded by create_graph."


def _kept(operation: Operation) -> list[Array]:
    """The arrays that the operation's rules read."""
    kept = [x.data for rule in operation.rules or () for x, _ in rule.saved]
    return kept if operation.output is None else [*kept, operation.output[0]]


def _ranges(arrays: Iterable[Array]) -> str:
    """ "from -1.5 to 2; from 0 to 0" """
    real = [array for array in arrays if array.size and array.dtype.kind == "f"]
    return "; ".join(f"from {float(array.min()):.4g} to {float(array.max()):.4g}" for array in real) or "no numbers"
