"""The nodes of a graph: the operations and leaves behind a tensor, from the tape or from a trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tinyconv import tape
from tinyconv.backend import Array, array_module
from tinyconv.errors import ArgumentError, GraphError
from tinyconv.geometry import Window
from tinyconv.stepping.trace import Trace, trace_of
from tinyconv.tape import Operation
from tinyconv.tensor import Tensor

MOST = 2000  # operations
Source = Any  # Operation | Tensor
LONGEST = 44  # characters of arguments


@dataclass
class Node:
    """An operation, or a tensor that did not come out of one.

    kind      "operation", "parameter" (a leaf with a gradient), "constant"
    operation  "conv2d"; "" for a leaf
    name      what the user calls it; "" if that is not known
    module    the path of the layer, if known
    details   arguments that matter: "3x3, stride 2"
    inputs    numbers of the nodes that its inputs come from
    value, gradient  arrays, where they are known
    """

    kind: str
    operation: str
    name: str
    shape: tuple[int, ...]
    dtype: Any
    module: str = ""
    details: str = ""
    line: str = ""
    inputs: list[int] = field(default_factory=list)
    value: Array | None = None
    gradient: Array | None = None


def gather(root: Tensor, names: Any, gradients: bool) -> list[Node]:
    """The nodes behind `root`, which is the last one: inputs stand before what is made of them."""
    if root.grad_fn is None:
        why = "it is a leaf" if root.requires_grad else "no input of it has requires_grad=True"
        raise GraphError("graph", f"nothing was recorded for this tensor: {why}.")
    trace = trace_of(root.grad_fn)
    inputs = _Inputs(trace)
    operations = inputs.behind(root.grad_fn)
    known = _values(operations, inputs, [root, *_tensors(names)])
    found = _gradients(root, operations, inputs, gradients)
    called = _names(names)

    nodes: list[Node] = []
    place: dict[Source, int] = {}
    for operation in operations:
        sources = inputs.of(operation)
        for x in sources:
            if isinstance(x, Tensor) and x not in place:
                place[x] = len(nodes)
                kind = "parameter" if x.requires_grad else "constant"
                dx = found.get(x, x.grad)
                nodes.append(Node(kind, "", called.get(id(x), ""), x.shape, x.dtype, value=x.data))
                nodes[-1].gradient = None if dx is None else dx.data
        place[operation] = len(nodes)
        nodes.append(
            Node(
                "operation",
                operation.name,
                called.get(id(operation), ""),
                operation.shape,
                operation.dtype,
                operation.module or _layer(sources, called),
                _details(operation.arguments),
                operation.line,
                [place[x] for x in sources],
                known.get(operation),
                found[operation].data if operation in found else None,
            )
        )
    return nodes


class _Inputs:
    """What went into an operation: as a trace has it, or else what its gradient rules lead to and keep."""

    def __init__(self, trace: Trace | None):
        self.trace = trace
        self.kept: dict[Operation, list[Source]] = {}

    def of(self, operation: Operation) -> list[Source]:
        if operation not in self.kept:
            event = self.trace.event_of(operation) if self.trace else None
            if event is not None:
                self.kept[operation] = [_source(x) for x in event.inputs]
            else:
                constants, sources = list(_constants(operation)), operation.sources
                first = not any(isinstance(x, Operation) for x in sources)  # a layer: its picture before its weights
                pictures = [x for x in constants if first and x.shape]
                self.kept[operation] = [*pictures, *sources, *(x for x in constants if not first or not x.shape)]
        return self.kept[operation]

    def behind(self, root: Operation) -> list[Operation]:
        """All operations, oldest first."""
        seen, stack = {root}, [root]
        while stack:
            operation = stack.pop()
            if operation.rules is None and (self.trace is None or self.trace.event_of(operation) is None):
                raise GraphError(
                    "graph",
                    f"the graph behind {operation.name!r} was freed by a backward pass. Ask for the picture before it, "
                    "call backward(retain_graph=True), or keep a tinyconv.trace().",
                )
            new = {x for x in self.of(operation) if isinstance(x, Operation)} - seen
            seen |= new
            stack += new
            if len(seen) > MOST:
                raise GraphError(
                    "graph",
                    f"there are more than {MOST:,} operations behind this tensor, too many for a picture. Take a part: "
                    "the output of one layer, or a loop of fewer turns.",
                )
        return sorted(seen, key=lambda operation: operation.order)


def _constants(operation: Operation) -> Iterator[Tensor]:
    """Tensors without a gradient that the rules keep, each once: a picture, the other factor of a product."""
    seen: set[int] = set()
    for rule in operation.rules or ():
        for x, _ in rule.saved:
            if x.source is None and id(x) not in seen:
                seen.add(id(x))
                yield x


def _source(x: Tensor) -> Source:
    """The Operation that it came out of, or the tensor itself."""
    return x if x.grad_fn is None else x.grad_fn


def _tensors(names: Any) -> list[Tensor]:
    return [x for x in names.values() if isinstance(x, Tensor)] if isinstance(names, Mapping) else []


def _values(operations: list[Operation], inputs: _Inputs, there: list[Tensor]) -> dict[Source, Array]:
    """What is known of the operations' outputs: kept by rules, by a trace, or `there` anyway."""
    known: dict[Source, Array] = {}
    for operation in operations:
        event = inputs.trace.event_of(operation) if inputs.trace else None
        kept = None if operation.keeper is None else operation.keeper()
        if event is not None:
            known[operation] = event.output.data
        elif kept is not None:
            known[operation] = kept.data
        elif operation.output is not None:
            known[operation] = operation.output[0]
        for rule in operation.rules or ():
            known |= {x.grad_fn: x.data for x, _ in rule.saved if x.grad_fn is not None}
    return known | {x.grad_fn: x.data for x in there if x.grad_fn is not None}


def _gradients(root: Tensor, operations: list[Operation], inputs: _Inputs, wanted: bool) -> dict[Source, Tensor]:
    """Of operations and leaves; by a backward pass of our own, or what another one has left."""
    if not wanted:
        return {}
    if inputs.trace is None and root.numel() == 1:
        one = Tensor(array_module(root.data).ones_like(root.data))
        sources = {x for operation in operations for x in operation.sources}
        return tape.walk([(root.grad_fn, one)], {root.grad_fn, *sources}, retain_graph=True)
    left: dict[Source, Tensor] = {}
    for operation in operations:
        event = inputs.trace.event_of(operation) if inputs.trace else None
        kept = None if operation.keeper is None else operation.keeper()
        gradient = event.gradient if event is not None else None if kept is None else kept.grad
        if gradient is not None:
            left[operation] = gradient
    return left


def _names(names: Any) -> dict[int, str]:
    """id of a leaf or an Operation -> its name.   A module's parameters are called by their paths."""
    if names is None:
        return {}
    if hasattr(names, "named_parameters"):
        return {id(p): path for path, p in names.named_parameters()}
    if not isinstance(names, Mapping):
        kind = type(names).__name__
        raise ArgumentError(
            "graph", f"names is {kind}; give a Module, or a dict from names to tensors such as locals()."
        )
    called: dict[int, str] = {}
    for name, x in names.items():
        if name.startswith("_"):  # a notebook's last results
            continue
        if isinstance(x, Tensor):
            called.setdefault(id(_source(x)), name)
        elif hasattr(x, "named_parameters") and not isinstance(x, type):
            for path, p in x.named_parameters():
                called.setdefault(id(p), f"{name}.{path}")
    return called


def _layer(sources: list[Source], called: dict[int, str]) -> str:
    """ "block2.conv1", the layer that has the first parameter among the inputs, if that has a path."""
    for x in sources:
        path = called.get(id(x), "") if isinstance(x, Tensor) else ""
        if "." in path:
            return path.rpartition(".")[0]
    return ""


def _details(arguments: Mapping[str, Any]) -> str:
    """ "3x3, stride 2, padding 1", "dim 1" """
    words = []
    for name, value in arguments.items():
        if isinstance(value, Window):
            KH, KW = value.size
            rest = str(value).partition(" window with ")[2].split(", ")
            words += [f"{KH}x{KW}", *(word for word in rest if word not in ("stride 1", "padding 0"))]
        elif value is True:
            words.append(name)
        elif name != "shape" and value is not False and _is_plain(value):
            words.append(f"{name} {value[0] if isinstance(value, tuple) and len(value) == 1 else value}")
    text = ", ".join(words)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _is_plain(value: Any) -> bool:
    """A number, a word, or several numbers; not a slice, an array or nothing."""
    return isinstance(value, (int, float, str)) or (
        isinstance(value, tuple) and bool(value) and all(isinstance(n, (int, float)) for n in value)
    )
