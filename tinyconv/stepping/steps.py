"""A walk over the tape that can be stopped, turned round, and sent to a place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from tinyconv import observe, tape
from tinyconv.backend import engine
from tinyconv.errors import ArgumentError, GraphError
from tinyconv.tape import Operation
from tinyconv.tensor import Operand, Tensor, upstream

from .event import Event
from .places import Breakpoint, place
from .step import Contribution, Step, place_of, sources_of
from .trace import Trace, trace_of


class Steps:
    """The backward pass of a tensor, one operation at a time, forth and back.

        for step in loss.steps():
            print(step)

        steps = loss.steps()
        steps.forth()                 # the next step: computed now
        steps.back()                  # undone: what it gave is taken away again
        steps.to("conv1")             # to the next step of a layer, or of an operation: "relu"
        steps.to(nan)                 # to the next step after which a condition holds (stepping.places)
        steps.rewind()

    When the last step is done, gradients are added to the leaves' `.grad`, bit by bit as `backward()` does in the same
    engine; going back from there takes them away again. The graph is kept. A step that is done again runs its rules
    again, so that a Python debugger can be put into them.

    engine   "loops": kernels are the textbook loops, to be stepped through; None: whatever engine is in force
    forward  begin with the operations of the forward pass, which must have been traced (`with tinyconv.trace()`)
    """

    def __init__(
        self, y: Tensor, gradient: Operand = None, engine: str | None = "loops", forward: bool = False
    ) -> None:
        self.y, self.dy, self.engine = y, upstream("steps", y, gradient), engine
        self.operations = tape.reachable([y.source])
        if not self.operations:
            raise GraphError("steps", "this tensor is a leaf: no operation lies behind it. Step through a result.")
        known = None if y.grad_fn is None else trace_of(y.grad_fn)
        if forward and known is None:
            raise ArgumentError(
                "steps",
                "forward=True, but the forward pass was not traced. Run it inside  with tinyconv.trace() as trace:  "
                "and keep the trace.",
            )
        self.trace = known or Trace()
        self.events = self._forward_events() if forward else []
        self.taken: list[Step] = []
        self.gradients: dict[tape.Source, Tensor] = {y.source: self.dy}  # of what is still to be visited
        self.results: dict[tape.Source, Tensor] = {}  # of tensors that asked to keep theirs
        self._before: list[tuple[dict, dict]] = []  # how those stood before each step
        self._made: list[list[Event]] = []  # what each step computed
        self._finished: list[tuple[Tensor, Tensor | None, Tensor | None]] = []  # x, its .grad before, and after

    def _forward_events(self) -> list[Event]:
        """The operations behind y, oldest first."""
        return [event for o in reversed(self.operations) if (event := self.trace.event_of(o)) is not None]

    # ------------------------------------------------------------ walking

    def __len__(self) -> int:
        return len(self.events) + len(self.operations)

    def __iter__(self) -> Iterator[Step]:
        while (step := self.forth()) is not None:
            yield step

    def forth(self) -> Step | None:
        """Do the next step, and return it; None at the end."""
        if self.done:
            return None
        n, count = len(self.taken), len(self.trace)
        self._before.append((dict(self.gradients), dict(self.results)))
        try:
            step = self._show(self.events[n], n) if n < len(self.events) else self._back_through(n)
            if n + 1 == len(self):
                self._finish()
        except BaseException:
            self._undo(self.trace.events[count:])
            raise
        self.taken.append(step)
        self._made.append(self.trace.events[count:])
        return step

    def back(self) -> Step | None:
        """Undo the last step, and return the one before it; None at the beginning."""
        if not self.taken:
            return None
        if self.done:
            self._unfinish()
        step = self.taken.pop()
        if not step.forward and step.event is not None:
            step.event.gradient = None
        self._undo(self._made.pop())
        return self.current

    def _undo(self, made: list[Event]) -> None:
        self.gradients, self.results = self._before.pop()
        self.trace.forget(made)

    def to(self, where: str | Breakpoint) -> Step | None:
        """Go forth to the next step in a layer, of an operation, or that meets a condition; None if there is none.

        where  "conv1", "block2" (any layer inside it), "relu", or a function from a Step to a bool
        Raises UnknownNameError for a name that no step has.
        """
        reached = place(self, where)
        while (step := self.forth()) is not None:
            if reached(step):
                return step
        return None

    def back_to(self, where: str | Breakpoint) -> Step | None:
        """Go back to the last step before this one that is in a layer, of an operation, or meets a condition."""
        reached = place(self, where)
        while (step := self.back()) is not None:
            if reached(step):
                return step
        return None

    def rewind(self) -> None:
        """Back to before the first step."""
        while self.taken:
            self.back()

    def outline(self) -> Iterator[tuple[str, str]]:
        """ "forward" or "backward", and what is done, for each step there is."""
        for event in self.events:
            yield "forward", place_of(event.name, event.module)
        for operation in self.operations:
            yield "backward", self._whose(operation)

    @property
    def current(self) -> Step | None:
        """The step that was done last."""
        return self.taken[-1] if self.taken else None

    def names(self) -> set[str]:
        """The operations, layers and blocks that there are to go to."""
        names = set()
        for operation in self.operations:
            path = getattr(self.trace.event_of(operation) or operation, "module", "").split(".")
            names |= {operation.name, *(".".join(path[: i + 1]) for i in range(len(path)))}
        return names - {""}

    @property
    def done(self) -> bool:
        return len(self.taken) == len(self)

    # ------------------------------------------------------------ one step

    def _show(self, event: Event, n: int) -> Step:
        return Step(True, n + 1, len(self), event.name, event.operation, event, self._names_of(event))

    def _names_of(self, event: Event | None) -> tuple[str, ...]:
        return () if event is None else tuple(self.trace.name_of(x) for x in event.inputs)

    def _back_through(self, n: int) -> Step:
        """The same as a step of tape.walk, and what it changed is noted."""
        operation = self.operations[n - len(self.events)]
        event = self.trace.event_of(operation)
        names, sources = self._names_of(event), sources_of(operation)
        step = Step(False, n + 1, len(self), operation.name, operation, event, names, sources=sources)
        if operation not in self.gradients:  # no rule gave it any: it is on no way from y
            return step
        with self._as_plain_backward():
            dy = self.gradients.pop(operation)
            if operation.grad_hooks:
                with observe.going_back(operation):
                    dy = tape.hooked(operation.grad_hooks, dy)
            if operation.keeper is not None:
                self.results[operation] = dy
            count = len(self.trace)
            step.dy = dy
            step.contributions = self._contributions(operation, dy)
            step.events = self.trace.events[count:]
        return step

    def _contributions(self, operation: Operation, dy: Tensor) -> list[Contribution]:
        noted = []
        with observe.going_back(operation):
            given = tape.contributions(operation, dy)
            for source, dx in given:
                added = source in self.gradients
                tape.add(self.gradients, source, dx)
                noted.append(Contribution(source, dx, self.gradients[source], added, self._whose(source)))
        observe.show_step(operation, dy, [contribution.total for contribution in noted], given)
        return noted

    def _whose(self, source: Operation | Tensor) -> str:
        if isinstance(source, Operation):
            return place_of(source.name, (self.trace.event_of(source) or source).module)
        return self.trace.name_of(source) or f"a leaf of shape {source.shape}"

    @contextmanager
    def _as_plain_backward(self) -> Iterator[None]:
        """Nothing is recorded on the tape, everything in the trace; kernels of the engine that was asked for."""
        with tape.set_grad_enabled(False), self.trace, engine(self.engine) if self.engine else nullcontext():
            yield

    # ------------------------------------------------------------ the end

    def _finish(self) -> None:
        """Add what was found to the `.grad` of leaves, and of tensors that asked to keep theirs."""
        with self._as_plain_backward():
            found = self.results | tape.of_leaves(self.gradients)
            kept = [source.keeper() for source in found if isinstance(source, Operation) and source.keeper is not None]
            leaves = [source for source in found if not isinstance(source, Operation)]
            before = [(x, x.grad) for x in (*leaves, *kept) if x is not None]
            tape.accumulate(found, self.dy)
            self._finished = [(x, gradient, x.grad) for x, gradient in before]

    def _unfinish(self) -> None:
        if any(x.grad is not after for x, _, after in self._finished):
            raise GraphError(
                "back",
                "a .grad has been changed since the last step was done: what the walk gave cannot be taken away again. "
                "Go back before a further backward pass or zero_grad().",
            )
        for x, before, _ in self._finished:
            x.grad = before
