"""What a net does with a picture, step by step, found by running it on a batch of no pictures: at no cost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyconv import observe, random
from tinyconv.backend import engine
from tinyconv.creation import zeros
from tinyconv.errors import ArgumentError, TinyconvError
from tinyconv.geometry import is_whole
from tinyconv.nn.modes import modes_kept
from tinyconv.nn.module import Module, Parameter
from tinyconv.tape import enable_grad
from tinyconv.tensor import Tensor

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """One operation on what was made of the picture.

    number      1, 2, 3, ...; the picture itself is 0
    module      path of the layer that called it, "layer1.0.conv2"; "" for the net itself
    layer       that layer's class, "Conv2d"
    operation   "conv2d", "add", ...
    inputs      the numbers of the steps whose outputs go in, in the operation's order
    shape       of the output, without N
    operands    the shapes of all that goes in, N = 0 first where it is made of pictures; weights and biases as they are
    arguments   what else the operation was called with, such as window=Window(...)
    parameters  path -> parameter, of those that are used here for the first time
    """

    number: int
    module: str
    layer: str
    operation: str
    inputs: tuple[int, ...]
    shape: Shape
    operands: tuple[Shape, ...]
    arguments: dict[str, Any]
    parameters: dict[str, Parameter]


@dataclass(frozen=True)
class Trace:
    """All steps of a net in evaluation mode, in order.

    picture  (C, H, W)
    outputs  the numbers of the steps whose outputs the net returns
    idle     path -> parameter, of those that no step uses, such as a head for training alone
    """

    picture: Shape
    steps: tuple[Step, ...]
    outputs: tuple[int, ...]
    idle: dict[str, Parameter]


def trace(net: Module, *picture: int) -> Trace:
    """The steps of `net` on a picture of that shape, (C, H, W).

    Layers run apart, in evaluation mode. Modes and random numbers are afterwards what they were.
    A net that cannot do without a picture is given one. Raises ArgumentError, and whatever the net raises.
    """
    if not picture or not all(is_whole(n) and n >= 1 for n in picture):
        raise ArgumentError("summary", f"input_size is {picture}; it must be whole numbers of at least 1: (C, H, W).")
    with as_it_was(net):
        net.eval()
        try:
            with engine("numpy"):
                return _traced(net, 0, picture)
        except TinyconvError:  # x.reshape(-1, 400), say, has no meaning for an empty batch
            return _traced(net, 1, picture)


@contextmanager
def as_it_was(net: Module) -> Iterator[None]:
    """The modes of all modules, buffers, gradients and random streams are afterwards what they were."""
    gradients = [(p, p.grad) for p in net.parameters()]
    buffers = [(b, b.data) for b in net.buffers()]
    streams = random.get_state()
    for b, data in buffers:
        b.data = data.copy()
    try:
        with modes_kept(net):
            yield
    finally:
        for p, grad in gradients:
            p.grad = grad
        for b, data in buffers:
            b.data = data
        random.set_state(streams)


def _traced(net: Module, N: int, picture: Shape) -> Trace:
    p = next(net.parameters(), None)
    x = zeros(N, *picture, dtype=dtype_of(net)).to("cpu" if p is None else p.device)
    path_of = {id(p): path for path, p in net.named_parameters()}
    number_of = {id(x.data): 0}  # array -> the step that it came from
    alive: list[Any] = [x.data]  # so that no other array gets its id
    steps: list[Step] = []
    fresh: dict[str, Parameter] = {}  # parameters on their way to the next step
    thread = threading.get_ident()

    def look(operation: str, inputs: list[Tensor], output: Tensor, arguments: dict[str, Any]) -> None:
        if threading.get_ident() != thread:
            return
        for t in inputs:
            path = path_of.pop(id(t), None)
            if path is not None and isinstance(t, Parameter):
                fresh[path] = t
        sources = tuple(number_of[id(t.data)] for t in inputs if id(t.data) in number_of)
        if not sources:  # something about weights alone
            return
        module, layer, _ = observe.where_called()
        operands = tuple((0, *t.shape[1:]) if id(t.data) in number_of else t.shape for t in inputs)
        steps.append(
            Step(
                len(steps) + 1, module, layer, operation, sources,
                _without_batch(output.shape, N), operands, arguments, dict(fresh),
            )
        )  # fmt: skip
        fresh.clear()
        alive.append(output.data)
        number_of[id(output.data)] = len(steps)

    # Recorded: without it, `x += y` inside a net would be a change in place, which nobody sees.
    with enable_grad(), observe.on_operation(look):
        y = net(x)
    outputs = tuple(number_of[id(t.data)] for t in tensors_in(y) if id(t.data) in number_of)
    parameters = {path: p for path, p in net.named_parameters() if id(p) in path_of or path in fresh}
    return Trace(picture, tuple(steps), outputs, parameters)


def dtype_of(net: Module) -> np.dtype:
    """What its pictures are made of: the same as its parameters."""
    return next((p.dtype for p in net.parameters() if p.dtype.kind == "f"), np.dtype(np.float32))


def tensors_in(y: Any) -> list[Tensor]:
    """All Tensors in what a net returned: one, or a nest of tuples, lists and dicts."""
    if isinstance(y, Tensor):
        return [y]
    if isinstance(y, dict):
        y = list(y.values())
    return [t for part in y for t in tensors_in(part)] if isinstance(y, (tuple, list)) else []


def _without_batch(shape: Shape, N: int) -> Shape:
    return shape[1:] if shape[:1] == (N,) else shape
