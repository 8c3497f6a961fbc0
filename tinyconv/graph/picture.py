"""The object that `loss.graph()` gives: a picture, a file, or text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tinyconv.errors import ArgumentError
from tinyconv.tensor import Tensor

from .draw import draw, title_of
from .figures import figures
from .gather import Node, gather


class Graph:
    """A picture of the graph behind a tensor: in a notebook by itself, `save(path)` as a file, `str()` as text.

    nodes  the operations and leaves, inputs before what is made of them; the last is the tensor itself
    """

    def __init__(self, tensor: Tensor, names: Any = None, values: bool = True, gradients: bool = True):
        self.nodes: list[Node] = gather(tensor, names, gradients)
        self.values = values

    def svg(self) -> str:
        """The picture as SVG; light and dark, as the reader's system is."""
        last, count = self.nodes[-1], sum(node.kind == "operation" for node in self.nodes)
        return draw(self.nodes, self.values, f"The graph behind {title_of(last)}, {count} operations")

    _repr_svg_ = svg

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file, PATH.svg, all of it or nothing.   Raises ArgumentError."""
        path = Path(path)
        if path.suffix != ".svg":
            raise ArgumentError("graph", f"{path} does not end in .svg, the only form of this picture.")
        temporary = path.with_name(f".{path.name}.tmp")
        try:
            temporary.write_text(self.svg(), encoding="utf-8")
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    def __str__(self) -> str:
        return "\n".join(self._said(number) for number in range(len(self.nodes)))

    def __repr__(self) -> str:
        return f"<graph of {sum(node.kind == 'operation' for node in self.nodes)} operations>"

    def _said(self, number: int) -> str:
        """ "d = mul(a, %2)  (2, 3)  value 1, 2, 3  grad 0.5, 1, 1" """
        node = self.nodes[number]
        text = f"{self._called(number)} = {node.operation or ('leaf' if node.kind == 'parameter' else 'constant')}"
        if node.operation:
            text += f"({', '.join(map(self._called, node.inputs))})"
            text += "".join(f"  [{word}]" for word in (node.module, node.details) if word)
        text += f"  {node.shape}" if node.shape else ""
        if self.values and node.value is not None:
            text += f"  value {figures(node.value)}"
        return text if node.gradient is None else f"{text}  grad {figures(node.gradient)}"

    def _called(self, number: int) -> str:
        return self.nodes[number].name or f"%{number}"
