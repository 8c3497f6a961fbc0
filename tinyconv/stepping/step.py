"""One step of the debugger: an operation, forward or backward, with its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinyconv.backend import move
from tinyconv.tape import Operation
from tinyconv.tensor import Tensor

from .event import Event
from .formula import Source, formula, rule_source


@dataclass(eq=False)
class Contribution:
    """What one step gave to the gradient of one input.

    source  the Operation that made the input, or the leaf itself
    given   this step's part
    total   the gradient of that input so far
    added   was there something already, from another use of the input? False: it was set
    of      whose gradient it is: "relu in features.1", "conv1.weight", "a leaf of shape (3, 3)"
    """

    source: Operation | Tensor
    given: Tensor
    total: Tensor
    added: bool
    of: str


@dataclass(eq=False)
class Step:
    """One operation of the pass, as the debugger shows it.

    forward     True: it is the operation itself; False: it is its step backward
    number      from 1, of `total`
    name, module, layer, line   as the tape recorded them; module, layer and line only of a pass that was traced
    inputs, output   of the forward operation, in a pass that was traced; otherwise () and None
    dy          the gradient that arrived (backward only)
    names       of the inputs: "conv1.weight" of a parameter, "" of what another operation gave
    contributions    the gradients that left, one for each input that needs one
    events      the operations that the step backward itself was made of
    """

    forward: bool
    number: int
    total: int
    name: str
    operation: Operation | None
    event: Event | None
    names: tuple[str, ...] = ()
    dy: Tensor | None = None
    contributions: list[Contribution] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)

    @property
    def module(self) -> str:
        return self._told("module")

    @property
    def layer(self) -> str:
        return self._told("layer")

    @property
    def line(self) -> str:
        return self._told("line")

    def _told(self, what: str) -> str:
        return getattr(self.operation if self.event is None else self.event, what)

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        return () if self.event is None else self.event.inputs

    @property
    def output(self) -> Tensor | None:
        return None if self.event is None else self.event.output

    @property
    def arguments(self) -> dict[str, Any]:
        return (self.event or self.operation).arguments  # type: ignore[union-attr]

    @property
    def formula(self) -> str:
        """The operation's equation, and its gradient's."""
        return formula(self.name)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The step in plain text."""
        way = "forward " if self.forward else "backward"
        lines = [f"[{self.number}/{self.total}] {way}  {place_of(self.name, self.module)}"]
        lines += [f"    {self.formula}"] if self.formula else []
        lines += [f"    called in {self.line}"] if self.line else []
        for source in self.sources:
            lines += [f"    {line}" for line in str(source).splitlines()]
        for x, name in zip(self.inputs, self.names, strict=True):
            lines.append(f"    in    {about(x)}{f'   {name}' if name else ''}")
        if self.forward:
            return [*lines, *([f"    out   {about(self.output)}"] if self.output is not None else [])]
        lines += [f"    dy    {about(self.dy)}"] if self.dy is not None else []
        for given in self.contributions:
            lines.append(f"    {'adds to' if given.added else 'sets'} the gradient of {given.of}")
            lines.append(f"      {'+' if given.added else '='}   {about(given.given)}")
            lines += [f"      =   {about(given.total)}"] if given.added else []
        return lines


def sources_of(operation: Operation) -> list[Source]:
    """Where the gradient rules of an operation are written, each line once."""
    return list(dict.fromkeys(rule_source(rule.function) for rule in operation.rules or ()))


def about(x: Tensor) -> str:
    """The shape of a tensor, and its numbers if they are few, else the smallest, the mean, the largest and the norm.

    (2, 3) float32  [[1, 2, 3], [4, 5, 6]]        (8, 4, 4) float32  min -1.2  mean 0.03  max 2.1  norm 9.8
    """
    array = move(x.data, "cpu")
    head = f"{x.shape} {x.dtype}" if x.shape else str(x.dtype)
    if not array.size:
        return f"{head}  empty"
    if array.size <= FEW:
        return f"{head}  " + np.array2string(array, precision=5, separator=", ", max_line_width=10**6).replace("\n", "")
    if array.dtype.kind not in "f":
        return head
    wide = array.astype(np.float64)
    bad = int(array.size - np.isfinite(wide).sum())
    if bad:
        return f"{head}  {bad} of {array.size} are NaN or infinite"
    zeros = float((wide == 0).mean())
    figures = f"min {wide.min():.4g}  mean {wide.mean():.4g}  max {wide.max():.4g}  norm {np.sqrt((wide**2).sum()):.4g}"
    return f"{head}  {figures}" + (f"  zeros {zeros:.0%}" if zeros >= 0.005 else "")


FEW = 6


def place_of(name: str, module: str) -> str:
    return f"{name} in {module}" if module else name
