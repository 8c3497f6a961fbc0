"""The tape: what each operation leaves behind, and the walk back over it.

A Tensor that came out of an operation points to that Operation; the Operation points to where its
inputs came from (their Operations, or the leaves themselves) and keeps one gradient rule for each.
Nothing points forward, so there are no reference cycles: dropping the loss frees the graph.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from . import observe
from .backend import memory_explained
from .errors import DTypeError, GraphError, ShapeError
from .observe import Handle as Handle

if TYPE_CHECKING:
    from .tensor import Tensor

_clock = itertools.count()
_recording: ContextVar[bool] = ContextVar("tinyconv_recording", default=True)


# ---------------------------------------------------------------- recording on and off


def is_grad_enabled() -> bool:
    """Are operations recorded for a backward pass (in this Python thread)?"""
    return _recording.get()


@contextmanager
def set_grad_enabled(on: bool) -> Iterator[None]:
    """Record operations or not, inside a `with` block or a decorated function."""
    token = _recording.set(bool(on))
    try:
        yield
    finally:
        _recording.reset(token)


def no_grad() -> Any:
    """`with no_grad(): ...` or `@no_grad()`: compute without recording, and change tensors in place."""
    return set_grad_enabled(False)


def enable_grad() -> Any:
    """Record again inside a `no_grad` block."""
    return set_grad_enabled(True)


# ---------------------------------------------------------------- operations


class Version:
    """Counts the in-place changes of one piece of memory; a tensor and its views share one."""

    count = 0


class Rule:
    """How dy becomes the gradient of one input, or of several that share the work.

    sources  where each input came from: an Operation, a leaf Tensor, or None if it needs no gradient
    saved    the tensors that the function mentions (also inside a tuple), each with its version when recorded
    """

    __slots__ = ("function", "saved", "sources", "wants_output")

    def __init__(self, inputs: tuple[Tensor | None, ...], function: Callable[..., Any]):
        self.function = function
        self.sources: list[Source] = []
        for x in inputs:
            self.sources.append(None if x is None else x.source)
        self.wants_output = function.__code__.co_argcount == 2  # written as  lambda dy, y: ...
        self.saved: list[tuple[Tensor, int]] = []
        for cell in function.__closure__ or ():
            mentioned = cell.cell_contents
            for x in mentioned if type(mentioned) is tuple else (mentioned,):
                if hasattr(x, "grad_fn"):
                    self.saved.append((x, x.version.count))


class Operation:
    """One recorded operation: its name, its arguments, its gradient rules.

    name       "conv2d", "mul", ...
    shape, dtype  of its output
    rules      None once a backward pass has freed them
    arguments  what the operation was called with besides tensors
    keeper     a weak reference to the Tensor that asked to keep its gradient (`retain_grad`)
    Known only while somebody observes:
    module, layer  the path of the layer that called it ("block2.conv1") and its class ("Conv2d")
    line       the user's line ("train.py:31")
    backward_of  the Operation whose step backward recorded this one; module, layer and line are that one's
    """

    __slots__ = (
        "arguments", "backward_of", "dtype", "grad_hooks", "hooks", "keeper", "layer", "line", "module",
        "name", "order", "output", "rules", "shape", "__weakref__",
    )  # fmt: skip

    def __init__(self, name: str, y: Tensor, rules: list[Rule], arguments: dict[str, Any]):
        self.name = name
        self.order = next(_clock)  # an operation is younger than all that it came from
        self.shape, self.dtype = y.data.shape, y.data.dtype
        self.rules: list[Rule] | None = rules
        self.arguments = arguments
        # The array, not the Tensor, which points here: that would be a cycle.
        self.output: tuple[Any, Version, int] | None = None
        for rule in rules:
            if rule.wants_output:
                self.output = (y.data, y.version, y.version.count)
        self.grad_hooks: list[Callable] | None = None  # on the output's gradient
        self.hooks: list[Callable] | None = None  # on the operation's step backward
        self.keeper: weakref.ref[Tensor] | None = None
        self.module = self.layer = self.line = ""
        self.backward_of: Operation | None = None

    @property
    def sources(self) -> list[Operation | Tensor]:
        """The Operations and leaves that gradients flow to."""
        return [source for rule in self.rules or () for source in rule.sources if source is not None]

    def register_hook(self, hook: Callable) -> Handle:
        """Call `hook(operation, dy, gradients)` after each step backward through this operation.

        `gradients` holds, for each input that needs one, a Tensor (or None if this backward pass has no use
        for it); a list that the hook returns takes its place.
        """
        if self.hooks is None:
            self.hooks = []
        return Handle(self.hooks, hook)

    def free(self) -> None:
        self.rules = self.output = None

    def __repr__(self) -> str:
        return f"<{self.name}{f' in {self.module}' if self.module else ''} -> {self.shape}>"


# ---------------------------------------------------------------- backward

Source = Any  # Operation | Tensor: mypy cannot tell them apart in a dict of both


def walk(
    seeds: Iterable[tuple[Source, Tensor]],
    wanted: Iterable[Source] | None = None,
    create_graph: bool = False,
    retain_graph: bool | None = None,
) -> dict[Source, Tensor]:
    """Carry gradients from the seeds back to the leaves (or to the `wanted` sources) and return them.

    Newest first is a topological order: an operation is younger than everything it came from, so by
    the time it is reached all contributions to its dy have been summed, and it is visited once.
    """
    retain_graph = create_graph if retain_graph is None else retain_graph
    seeds = list(seeds)
    wanted = None if wanted is None else set(wanted)
    operations = reachable(source for source, _ in seeds)
    goals = None if wanted is None else _on_the_way_to(wanted, operations)
    gradients: dict[Source, Tensor] = {}  # of what is still to be visited
    results: dict[Source, Tensor] = {}

    with set_grad_enabled(create_graph), memory_explained("backward"):
        for source, dy in seeds:
            add(gradients, source, dy)
        for operation in operations:
            if operation not in gradients:
                continue
            dy = gradients.pop(operation)
            if operation.grad_hooks:
                with observe.going_back(operation):
                    dy = hooked(operation.grad_hooks, dy)
            if operation.keeper is not None or (wanted is not None and operation in wanted):
                results[operation] = dy
            (_observed_step if observe.observed() else _step)(operation, dy, goals, gradients)
            if not retain_graph:
                operation.free()
        results |= of_leaves(gradients)
    return results


def _step(operation: Operation, dy: Tensor, goals: set[Source] | None, gradients: dict[Source, Tensor]) -> None:
    """Add what an operation's rules make of dy to the gradients of its sources."""
    for source, dx in contributions(operation, dy, goals):
        add(gradients, source, dx)


def _observed_step(
    operation: Operation, dy: Tensor, goals: set[Source] | None, gradients: dict[Source, Tensor]
) -> None:
    with observe.going_back(operation):
        given = contributions(operation, dy, goals)
        for source, dx in given:
            add(gradients, source, dx)
    observe.show_step(operation, dy, [gradients[s] for s in operation.sources if s in gradients], given)


def contributions(operation: Operation, dy: Tensor, goals: set[Source] | None = None) -> list[tuple[Source, Tensor]]:
    """What an operation's rules make of dy: its sources (those among the goals), each with its part of the gradient."""
    if operation.rules is None:
        raise _freed(operation)
    sources: list[Source] = []
    dxs: list[Tensor | None] = []
    for rule in operation.rules:
        sources += rule.sources
        if goals is None or not goals.isdisjoint(rule.sources):
            dxs += _apply(operation, rule, dy)
        else:
            dxs += [None] * len(rule.sources)
    if operation.hooks:
        for hook in tuple(operation.hooks):
            dxs = hook(operation, dy, dxs) or dxs
        dxs = [None if dx is None else dx.clone() for dx in dxs]  # the hooks may have kept theirs
    given = []
    for source, dx in zip(sources, dxs, strict=True):
        if source is None or dx is None or (goals is not None and source not in goals):
            continue
        if dx.data.shape != source.shape:
            raise ShapeError(operation.name, f"its gradient rule gave {dx.shape} for an input {source.shape}.")
        given.append((source, dx if dx.data.dtype is source.dtype else dx.to(source.dtype)))
    return given


def _apply(operation: Operation, rule: Rule, dy: Tensor) -> tuple[Tensor | None, ...]:
    for x, version in rule.saved:
        if x.version.count != version:
            raise _changed(operation, x.version, version)
    if rule.wants_output and operation.output is not None:
        data, counter, version = operation.output
        if counter.count != version:
            raise _changed(operation, counter, version)
        y = dy.like_output_of(operation, data)
        y.version = counter
        dx = rule.function(dy, y)
    else:
        dx = rule.function(dy)
    return dx if type(dx) is tuple else (dx,)


def _changed(operation: Operation, counter: Version, version: int) -> GraphError:
    return GraphError(
        "backward",
        f"a tensor that {operation.name!r} needs for its gradient was changed in place after it was used "
        f"(version {version} was saved, it is now {counter.count}). Change a copy: x.clone().",
    )


def _freed(operation: Operation) -> GraphError:
    return GraphError(
        "backward",
        f"the graph behind {operation.name!r} was freed by an earlier backward pass. "
        "Call that one with retain_graph=True, or compute the forward pass again.",
    )


def reachable(sources: Iterable[Source]) -> list[Operation]:
    """All operations behind the sources, newest first; refuses a graph of which a part was freed."""
    seen: set[Operation] = set()
    stack = list(sources)
    while stack:
        operation = stack.pop()
        if not isinstance(operation, Operation) or operation in seen:
            continue
        if operation.rules is None:
            raise _freed(operation)
        seen.add(operation)
        for rule in operation.rules:
            stack += rule.sources
    return sorted(seen, key=lambda operation: operation.order, reverse=True)


def _on_the_way_to(wanted: set[Source], operations: list[Operation]) -> set[Source]:
    """`wanted`, and every operation from which one of them can be reached: other rules need not run."""
    goals = set(wanted)
    for operation in reversed(operations):  # oldest first
        if any(source in goals for source in operation.sources):
            goals.add(operation)
    return goals


def add(gradients: dict[Source, Tensor], source: Source, dx: Tensor) -> None:
    gradients[source] = gradients[source] + dx if source in gradients else dx


def hooked(hooks: Iterable[Callable], gradient: Tensor) -> Tensor:
    """A copy of the gradient after the hooks, each of which may replace it, and may keep what it was given."""
    for hook in tuple(hooks):  # a hook may take itself off
        changed = hook(gradient)
        if changed is None:
            continue
        if not hasattr(changed, "grad_fn"):
            raise DTypeError("hook", f"returned {type(changed).__name__}; it must return a Tensor or None.")
        if changed.shape != gradient.shape:
            raise ShapeError("hook", f"returned shape {changed.shape} for a gradient of shape {gradient.shape}.")
        gradient = changed.to(gradient.dtype)
    return gradient.clone()


@observe.adding_up()
def of_leaves(gradients: dict[Source, Tensor]) -> dict[Source, Tensor]:
    """What remains when every operation has been visited, after the leaves' hooks."""
    return {leaf: hooked(leaf.hooks, dx) if leaf.hooks else dx for leaf, dx in gradients.items()}


@observe.adding_up()
def accumulate(found: dict[Any, Tensor], dy: Tensor) -> None:
    """Add what `walk` found to `.grad`, each in memory of its own, to be changed in place at will.

    Rules may give one array to many inputs, or a repeated view.
    """
    taken = {id(_owner(dy.data))}
    for source, dx in found.items():
        x: Tensor | None = source
        if isinstance(source, Operation):
            x = None if source.keeper is None else source.keeper()
        if x is None:
            continue
        owner = id(_owner(dx.data))
        if x.grad is not None:
            x.grad = x.grad + dx
        elif owner in taken or x.grad_fn is not None or not _fills_its_memory(dx.data):
            x.grad = dx.clone()
        else:
            x.grad = dx
        taken.add(owner)


def _owner(array: Any) -> Any:
    """The array whose memory this one shows."""
    return array.base if type(array.base) is type(array) else array


def _fills_its_memory(array: Any) -> bool:
    """False for a slice, which keeps the rest alive, and for the repeated view that `expand` gives."""
    whole = getattr(_owner(array), "size", None) == array.size
    return whole and getattr(array.flags, "writeable", True)
