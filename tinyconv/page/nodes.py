"""The operations between the picture and the loss, as the page draws them, and the arrays that belong to them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from tinyconv.nn import Module
from tinyconv.plots.style import cpu_array
from tinyconv.stepping import Event, formula
from tinyconv.tape import Operation
from tinyconv.tensor import Tensor

from .arrays import Stored
from .operands import arguments_of


class Nodes:
    """What is drawn, a dict each, as the page's JSON has it; and all arrays.

    drawn       node 0 is the picture; the others are the operations that it passes through, in their order
                {name, module, line, formula, arguments, shape, value, gradient, inputs}
                value, gradient: places in `arrays`; inputs: {"node": i}, {"parameter": i} or {"constant": array}
    parameters  {name, shape, value, gradient}, those that the picture meets
    arrays      equal ones once; without the batch's axis where there is one
    """

    def __init__(self, model: Module, picture: Tensor, events: list[Event]):
        self.arrays: list[Stored] = []
        self.drawn: list[dict[str, Any]] = []
        self.parameters: list[dict[str, Any]] = []
        self._known: dict[tuple, int] = {}  # array -> its place
        self._of_array: dict[int, int] = {}  # id(array) -> node
        self._of_operation: dict[Operation, int] = {}
        self._of_parameter: dict[int, int] = {}  # id(tensor) -> parameter
        self._names = {id(p): name for name, p in model.named_parameters()}
        self.picture = picture
        self._draw(picture, picture.grad, {"name": "picture", "module": "", "line": "", "formula": ""})
        for event in events:
            if any(id(x.data) in self._of_array for x in event.inputs):
                self._add(event)
        self._derive()

    # ------------------------------------------------------------ nodes

    def _add(self, event: Event) -> None:
        about = {
            "name": event.name,
            "module": event.module,
            "line": _short_line(event.line),
            "formula": formula(event.name),
            "arguments": arguments_of(event),
        }
        if event.operation is not None:
            self._of_operation[event.operation] = len(self.drawn)
        self._draw(event.output, event.gradient, about, [self._input(x) for x in event.inputs])

    def _draw(self, x: Tensor, gradient: Tensor | None, about: dict[str, Any], inputs: list | None = None) -> None:
        value = _without_batch(cpu_array(x))
        self._of_array[id(x.data)] = len(self.drawn)
        dy = None if gradient is None else self._keep(_without_batch(cpu_array(gradient)))
        self.drawn.append(
            {**about, "shape": value.shape, "value": self._keep(value), "gradient": dy, "inputs": inputs or []}
        )

    def _input(self, x: Tensor) -> dict[str, int]:
        if id(x.data) in self._of_array:
            return {"node": self._of_array[id(x.data)]}
        if id(x) in self._names:
            return {"parameter": self._parameter(x)}
        return {"constant": self._keep(cpu_array(x), shape=("constant", *x.shape))}

    def _parameter(self, p: Tensor) -> int:
        if id(p) not in self._of_parameter:
            self._of_parameter[id(p)] = len(self.parameters)
            value = self._keep(cpu_array(p), weight=True)
            gradient = None if p.grad is None else self._keep(cpu_array(p.grad), weight=True, spare=p.ndim > 1)
            self.parameters.append({"name": self._names[id(p)], "shape": p.shape, "value": value, "gradient": gradient})
        return self._of_parameter[id(p)]

    def number_of(self, event: Event) -> int | None:
        return self._of_array.get(id(event.output.data))

    def whose(self, source: Operation | Tensor) -> dict[str, Any]:
        """Whose gradient a step gave: a node, a parameter, or one that is not drawn, in words."""
        if isinstance(source, Operation):
            node = self._of_operation.get(source)
            return {"other": f"{source.name} {source.module}".strip()} if node is None else {"node": node}
        if source is self.picture:
            return {"node": 0}
        if id(source) in self._of_parameter:
            return {"parameter": self._of_parameter[id(source)]}
        return {"other": self._names.get(id(source), "a tensor")}

    # ------------------------------------------------------------ arrays

    def _keep(self, array: np.ndarray, weight: bool = False, spare: bool = False, shape: tuple = ()) -> int:
        """Its place; equal ones have the same. Nodes and parameters have a shape of their own, constants this one."""
        array = np.ascontiguousarray(array, np.float32)
        key = shape, array.tobytes()
        if key not in self._known:
            self._known[key] = len(self.arrays)
            self.arrays.append(Stored(array, weight=weight, spare=spare))
        stored = self.arrays[self._known[key]]
        stored.weight, stored.spare = stored.weight and weight, stored.spare and spare  # what is needed most decides
        return self._known[key]

    def _derive(self) -> None:
        """Find the arrays that the page can make of others, to the bit."""
        readers: dict[int, list[int]] = {}
        for v, node in enumerate(self.drawn):
            for operand in node["inputs"]:
                if "node" in operand:
                    readers.setdefault(operand["node"], []).append(v)
        for u, node in enumerate(self.drawn):
            if node["name"] == "relu":
                self._try(node["value"], ("relu", self.drawn[node["inputs"][0]["node"]]["value"]))
            if len(readers.get(u, [])) == 1:
                self._derive_gradient(u, self.drawn[readers[u][0]])

    def _derive_gradient(self, u: int, reader: dict[str, Any]) -> None:
        dx, dy = self.drawn[u]["gradient"], reader["gradient"]
        if dx is None or dy is None:
            return
        if reader["name"] == "relu":
            self._try(dx, ("where", dy, reader["value"]))
        elif reader["name"] == "cat" and reader["arguments"]["dim"] == 0:
            parts = [operand.get("node") for operand in reader["inputs"]]
            if None not in parts:
                before = parts[: parts.index(u)]
                self._try(dx, ("slice", dy, sum(math.prod(self.drawn[i]["shape"]) for i in before)))

    def _try(self, place: int, derived: tuple) -> None:
        """Take it if it gives the array exactly, and needs none that is made of this one."""
        target = self.arrays[place]
        if target.derived or any(self._needs(source, place) for source in _sources(derived)):
            return
        if np.array_equal(self._made(derived).reshape(-1)[: target.array.size], target.array.reshape(-1)):
            target.derived = derived

    def _needs(self, source: int, place: int) -> bool:
        """Is one array made of another?"""
        if source == place:
            return True
        made = self.arrays[source].derived
        return made is not None and any(self._needs(s, place) for s in _sources(made))

    def _made(self, derived: tuple) -> np.ndarray:
        how, *places = derived
        if how == "relu":
            return np.maximum(self.arrays[places[0]].array, 0)
        if how == "where":
            dy, y = (self.arrays[i].array for i in places)
            return np.where(y > 0, dy, np.float32(0))
        return self.arrays[places[0]].array.reshape(-1)[places[1] :]


def _sources(derived: tuple) -> tuple:
    return derived[1:3] if derived[0] == "where" else derived[1:2]


def _without_batch(array: np.ndarray) -> np.ndarray:
    """(1, C, H, W) -> (C, H, W): one picture"""
    return array[0] if array.ndim and len(array) == 1 else array


def _short_line(line: str) -> str:
    """The file's name and the line: a page is given away, and folders are nobody's business."""
    return Path(line).name if line else ""
