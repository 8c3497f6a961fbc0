"""Names for numbers: "x[0,1,4,5]", "dy[0,3,4,5]", in the letters of the operation's equation."""

from __future__ import annotations

from tinyconv.stepping import Event, Trace
from tinyconv.tensor import Tensor

from .case import letters_of, passed_on
from .terms import Column, Origin, Place


class Names:
    """What the factors of an event are called.

    A gradient rule is made of operations of its own (dW = dy^T x is a transposition and a product), and so a factor is
    followed through what only passes it on until it is one of the letters of the forward operation.
    """

    def __init__(self, trace: Trace, event: Event | None):
        self.trace = trace
        self.known: dict[int, str] = {}  # by id(array): the trace keeps it alive
        forward = None if event is None or event.step is None else trace.event_of(event.step)
        if forward is not None:
            letters, result = letters_of(forward.name)
            if forward.gradient is not None:
                self.known[id(forward.gradient.data)] = f"d{result}"
            for letter, x in zip(letters, forward.inputs, strict=False):
                self.known.setdefault(id(x.data), letter)
            self.known.setdefault(id(forward.output.data), result)

    def of(self, column: Column, index: Place) -> tuple[Tensor, Place, str]:
        """The tensor and the place that a factor came from, and its name."""
        assert column.tensor is not None
        if column.computed or not self.known:
            return column.tensor, index, named(column.letter, index)
        for origin in passed_on(self.trace, Origin(column.tensor, index)):
            if id(origin.tensor.data) in self.known:
                return *origin, named(self.known[id(origin.tensor.data)], origin.place)
        return column.tensor, index, named(column.letter, index)


def named(letter: str, index: Place) -> str:
    """ "x" and (0, 1, 4, 5): "x[0,1,4,5]" """
    return f"{letter}[{','.join(map(str, index))}]" if index else letter
