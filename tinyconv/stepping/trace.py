"""The record of a forward and backward pass with every number in it."""

from __future__ import annotations

import itertools
import threading
from typing import Any
from weakref import WeakSet

from tinyconv import observe
from tinyconv.nn.module import path_of_running
from tinyconv.tape import Operation
from tinyconv.tensor import Tensor

from .event import Event

_alive: WeakSet[Trace] = WeakSet()
_numbers = itertools.count()


class Trace:
    """Keeps what every operation took and gave, forward and backward, in the order in which they ran.

        with tinyconv.trace() as trace:
            loss = F.cross_entropy(net(x), labels)
            loss.backward()
        trace.forward                       # the events of the forward pass
        trace.in_layer("block2.conv1")      # those of one layer
        trace.event_of(net.conv1.weight.grad)   # the one that made this tensor

    Everything is kept alive for as long as the trace is: it is for a look at a few pictures, not for training.
    Layers run one by one, nothing is fused. It holds in the Python thread that entered it, and may be entered again.
    """

    def __init__(self) -> None:
        self.number = next(_numbers)
        self.events: list[Event] = []
        self._of_array: dict[int, Event] = {}  # by id(array): the event keeps it alive
        self._of_operation: dict[Operation, Event] = {}
        self._names: dict[Tensor, str] = {}
        self._handles: list[observe.Handle] = []
        self._entered = 0
        _alive.add(self)

    # ------------------------------------------------------------ keeping

    def __enter__(self) -> Trace:
        self._entered += 1
        if self._entered == 1:
            self._thread = threading.get_ident()
            self._handles = [observe.on_operation(self._operation), observe.on_step(self._step)]
        return self

    def __exit__(self, *exc: object) -> None:
        self._entered -= 1
        if not self._entered:
            for handle in self._handles:
                handle.remove()
            self._handles = []  # they refer to this trace

    def _operation(self, name: str, inputs: list[Tensor], output: Tensor, arguments: dict[str, Any]) -> None:
        if threading.get_ident() != self._thread:
            return
        for x in inputs:
            if x.is_leaf and x not in self._names and (path := path_of_running(x)):
                self._names[x] = path
        place = observe.where_called()
        event = Event(name, tuple(inputs), output, arguments, *place, output.grad_fn, observe.step_back())
        event.forward = observe.is_forward()
        self._keep(event)

    def _step(self, operation: Operation, dy: Tensor, gradients: Any, contributions: list[tuple[Any, Tensor]]) -> None:
        if threading.get_ident() != self._thread:
            return
        event = self._of_operation.get(operation)
        if event is not None:
            event.gradient = dy
        place = operation.module, operation.layer, operation.line
        for source, dx in contributions:
            if dx is not dy and id(dx.data) not in self._of_array:  # a rule that computed it in one kernel
                self._keep(Event(f"{operation.name}'", (dy,), dx, {}, *place, None, operation, source, forward=False))

    def _keep(self, event: Event) -> None:
        self.events.append(event)
        self._of_array.setdefault(id(event.output.data), event)
        if event.operation is not None:
            self._of_operation[event.operation] = event

    def forget(self, events: list[Event]) -> None:
        """These events are undone, and may be done again."""
        for event in events:
            if self._of_array.get(id(event.output.data)) is event:
                del self._of_array[id(event.output.data)]
            if event.operation is not None:
                del self._of_operation[event.operation]
        gone = set(map(id, events))
        self.events = [event for event in self.events if id(event) not in gone]

    # ------------------------------------------------------------ looking

    @property
    def forward(self) -> list[Event]:
        """The events of the forward pass, oldest first."""
        return [event for event in self.events if event.forward]

    @property
    def backward(self) -> list[Event]:
        """What the steps of the backward pass computed, oldest first."""
        return [event for event in self.events if not event.forward]

    def in_layer(self, path: str) -> list[Event]:
        """The events of a layer, or of all layers inside a block."""
        return [event for event in self.events if event.module == path or event.module.startswith(f"{path}.")]

    def event_of(self, made: Tensor | Operation) -> Event | None:
        """What made a tensor, or what an operation of the tape was when it ran; None if it is not in this trace."""
        if isinstance(made, Operation):
            return self._of_operation.get(made)
        event = self._of_array.get(id(made.data))
        return event if event is not None and event.output.data is made.data else None

    def gradient_of(self, x: Tensor) -> Tensor | None:
        """The gradient of a tensor of the forward pass: of a leaf, or of what came out of an operation."""
        event = self.event_of(x)
        return x.grad if event is None or event.gradient is None else event.gradient

    def name_of(self, x: Tensor) -> str:
        """ "conv1.weight" of a parameter of the net that was traced; "" of anything else."""
        return self._names.get(x, "")

    def __len__(self) -> int:
        return len(self.events)

    def __repr__(self) -> str:
        return f"<trace of {len(self.forward)} operations forward, {len(self.backward)} backward>"


def trace() -> Trace:
    """Keep every number of a forward and backward pass:  `with tinyconv.trace() as trace: ...`   (see Trace)"""
    return Trace()


def traces() -> list[Trace]:
    """The traces alive, newest first."""
    return sorted(_alive, key=lambda t: t.number, reverse=True)


def trace_of(made: Tensor | Operation) -> Trace | None:
    """The newest trace alive that knows a tensor or an operation."""
    return max((t for t in _alive if t.event_of(made) is not None), key=lambda t: t.number, default=None)
