"""One operation that ran, with all that went in and came out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tinyconv.errors import GraphError
from tinyconv.tape import Operation
from tinyconv.tensor import Tensor


@dataclass(eq=False)
class Event:
    """One operation that ran while a trace was kept.

    name       "conv2d", "mul", ...; what a rule computed without further operations is named after its operation
               with a prime: "batch_norm'"
    inputs     the tensors that went in, in the order of the operation's arguments (those left out are missing)
    output     what came out
    arguments  what else it was called with: the window of a convolution, the axes of a sum
    module     the path of the layer that called it ("block2.conv1"), layer  its class ("Conv2d")
    line       the user's line ("train.py:31")
    operation  what the tape recorded of it; None if nothing was, as in a backward pass
    step       the forward operation whose step backward this is a part of; None in a forward pass
    source     for an event with a prime: whose gradient came out, an Operation or a leaf
    gradient   of the output, once a backward pass has come by
    forward    False: it is part of a backward pass, of a step or of what gives leaves their gradients
    """

    name: str
    inputs: tuple[Tensor, ...]
    output: Tensor
    arguments: dict[str, Any]
    module: str = ""
    layer: str = ""
    line: str = ""
    operation: Operation | None = None
    step: Operation | None = None
    source: Operation | Tensor | None = None
    gradient: Tensor | None = None
    forward: bool = True
    versions: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.versions = [x.version.count for x in self.tensors]

    @property
    def tensors(self) -> list[Tensor]:
        """All that it has numbers of: inputs, output, and tensors among the arguments."""
        return [*self.inputs, self.output, *(a for a in self.arguments.values() if isinstance(a, Tensor))]

    def check_unchanged(self) -> None:
        """The numbers that the event had are still there; GraphError if one was changed in place."""
        for x, version in zip(self.tensors, self.versions, strict=True):
            if x.version.count != version:
                raise GraphError(
                    self.name,
                    f"a tensor of shape {x.shape} was changed in place after the operation ran, so its numbers are "
                    "gone. Look before the optimiser's step, or trace the pass again.",
                )

    def __repr__(self) -> str:
        shapes = ", ".join(str(x.shape) for x in self.inputs)
        where = f" in {self.module}" if self.module else ""
        return f"<{self.name}{where}: {shapes} -> {self.output.shape}>"
