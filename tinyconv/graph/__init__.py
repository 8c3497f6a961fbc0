"""Pictures of the graph behind a tensor: `loss.graph()`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tinyconv.ops.methods import attach
from tinyconv.tensor import Tensor

if TYPE_CHECKING:
    from .picture import Graph


def graph(tensor: Tensor, names: Mapping[str, Any] | Any = None, values: bool = True, gradients: bool = True) -> Graph:
    """The graph behind a tensor, as a picture: every operation with its shape, value and gradient.

        loss.graph()                      in a notebook: the picture
        loss.graph(net).save("net.svg")   with the names of the net's layers and parameters
        print(f.graph(locals()))          as text, with the names of your variables

    names      a Module, or a dict such as locals(), that the tensors' names are taken from
    values     of leaves and the result, and of what the gradient rules keep; of every operation in `tinyconv.trace()`
    gradients  d tensor / d each one, by a backward pass that changes no `.grad` and frees nothing. In a trace: those of
               the backward pass that it has seen; of a tensor with many elements: what is in `.grad`
    Raises GraphError: nothing was recorded, it is freed, or it has more than 2,000 operations.
    """
    from .picture import Graph

    return Graph(tensor, names, values, gradients)


attach("graph", graph)

__all__ = ["graph"]
