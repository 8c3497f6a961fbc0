"""The answer to "why this number?": the terms that it is the sum of, and where each of their factors came from."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from tinyconv.errors import ArgumentError
from tinyconv.stepping import Event, Trace, formula, trace_of
from tinyconv.tensor import Tensor

from .case import letters_of
from .names import Names
from .terms import Origin, Part, Place, Sum, host

NO_ELEMENT = "no element of a tensor: a constant, or what the equation says"


@dataclass(frozen=True)
class Factor:
    """A number in a term.

    name    in the field's letters: "x[0,1,4,5]"
    value   its value
    tensor, index   where it stands; None and () of a constant
    """

    name: str
    value: float
    tensor: Tensor | None = field(repr=False)
    index: Place
    trace: Trace = field(repr=False)

    def explain(self) -> Explanation:
        """Why this number? For a pixel or a parameter: that it is one."""
        from .why import explained

        if self.tensor is None:
            return Explanation(self.name, self.value, None, (), self.trace, None, None, [], NO_ELEMENT)
        known = self.trace.event_of(self.tensor) is not None
        trace = self.trace if known else trace_of(self.tensor) or self.trace  # a gradient of an earlier pass
        return explained(self.tensor, self.index, trace, self.name)


@dataclass(frozen=True)
class Term:
    """One of the numbers that were summed.

    value    the product of the factors, or what is computed of them
    factors  each with its name, value, tensor and index
    note     "picture 1, window at (4, 5)", "padding", "the winner", ...
    path     the sum within the sum that it belongs to: "direct", "through the mean"; mostly ""
    """

    value: float
    factors: tuple[Factor, ...]
    note: str
    path: str = ""
    sign: int = 1
    joined: str = " * "


class Remainder(NamedTuple):
    """The terms that are not shown: their sum, and how many they are."""

    sum: float
    number: int


@dataclass(eq=False)
class Explanation:
    """Why a number of a traced pass is what it is.

    name     "dw[3,0,1,2]"                  value    the number, as it is stored
    tensor, index   where it stands         event    the operation that made it (None of a pixel, a parameter, ...)
    route    the operations that only passed it on, last first: "reshape from (0, 2, 1, 1)"
    gradient_of  whose gradient it is: "conv1.weight", "x of relu in act1 (ReLU)"; "" of what is none
    origin   the tensor and the place at the end of that route
    leaf     what it is if no operation made it: "a parameter, conv1.weight"; otherwise ""

        explanation.terms(10)    the largest ten terms            explanation.remainder(10)   the others, summed
        explanation.total        the sum of all, in float64       len(explanation)            how many they are
        explanation.of(0)        why the first factor of the largest term is what it is
    """

    name: str
    value: float
    tensor: Tensor | None
    index: Place
    trace: Trace
    event: Event | None
    sum: Sum | None
    route: list[str]
    leaf: str = ""
    gradient_of: str = ""
    origin: Origin | None = None

    # ------------------------------------------------------------ where it is from

    @property
    def operation(self) -> str:
        """ "conv2d"; of a gradient, the operation that computed it: "conv2d_weight"."""
        return "" if self.event is None else self.event.name

    @property
    def module(self) -> str:
        """The path of the layer: "block2.conv1"."""
        return "" if self.event is None else self.event.module

    @property
    def layer(self) -> str:
        """The class of the layer: "Conv2d"."""
        return "" if self.event is None else self.event.layer

    @property
    def line(self) -> str:
        """The user's line that called it: "train.py:31"."""
        return "" if self.event is None else self.event.line

    @property
    def formula(self) -> str:
        """The equation of the operation, in the field's letters."""
        if self.sum is None or self.event is None:
            return ""
        return self.sum.formula or formula(self.event.name)

    @property
    def rule(self) -> str:
        """Of a gradient whose rule is made of common operations (a product, a sum): the equation that it is part of."""
        if self.event is None or self.event.step is None or letters_of(self.event.name)[1] != "y":
            return ""
        return f"for {self.event.step.name}: {formula(self.event.step.name)}"

    @property
    def asides(self) -> list[str]:
        """What else is to be known: means and variances, the label, whether ReLU let it pass."""
        return [] if self.sum is None else self.sum.asides

    # ------------------------------------------------------------ the terms

    @property
    def parts(self) -> list[Part]:
        return [] if self.sum is None else self.sum.parts

    @functools.cached_property
    def values(self) -> np.ndarray:
        """The values of all terms."""
        return np.concatenate([part.values for part in self.parts] or [np.zeros(0)])

    @functools.cached_property
    def _ranks(self) -> np.ndarray:
        size = np.abs(self.values)
        return np.argsort(-np.where(np.isnan(size), np.inf, size), kind="stable")

    def __len__(self) -> int:
        return self.values.size

    @property
    def total(self) -> float:
        """The sum of all terms, in double precision; of a pixel or a parameter, itself."""
        if self.sum is not None:
            return self.values.sum().item()
        return self.value if self.origin is None else host(self.origin.tensor)[self.origin.place].item()

    @property
    def paths(self) -> dict[str, float]:
        """The sums within the sum: {"direct": ..., "through the mean": ...}; {} if there are none."""
        found: dict[str, float] = {}
        for part in self.parts:
            if part.path:
                found[part.path] = found.get(part.path, 0.0) + part.values.sum().item()
        return found

    @property
    def rounding(self) -> float:
        """How far rounding may have brought the stored number from the total: eps sqrt(n + 64) sum of |terms|."""
        if self.tensor is None or self.sum is None or self.event is None or self.tensor.dtype.kind not in "fc":
            return 0.0
        size = float(np.abs(self.values).sum()) + self.sum.scale + abs(self.value)
        types = [np.finfo(x.dtype) for x in (self.tensor, self.event.output) if x.dtype.kind in "fc"]
        return float(max(float(t.eps) * np.sqrt(len(self) + 64) * size + float(t.tiny) for t in types))

    def terms(self, k: int | None = 10) -> list[Term]:
        """The k largest terms, by magnitude; None: all of them."""
        if k is not None and k < 0:
            raise ArgumentError("explain", f"k is {k}; it is how many terms to show, at least 0.")
        return [self._term(int(i)) for i in self._ranks[:k]]

    def remainder(self, k: int = 10) -> Remainder:
        """The terms that `terms(k)` leaves out: their sum, and their number."""
        rest = self.values[self._ranks[k:]]
        return Remainder(rest.sum().item(), rest.size)

    def factor(self, i: int = 0, factor: int | str = 0) -> Factor:
        """A factor of the i-th largest term: its number, or its letter, such as "w"."""
        if not 0 <= i < len(self):
            raise ArgumentError("explain", f"there is no term {i}: it has {len(self)}, the largest is 0.")
        factors = self._term(int(self._ranks[i])).factors
        for j, found in enumerate(factors):
            if factor in (j, found.name, found.name.partition("[")[0]):
                return found
        names = ", ".join(f.name for f in factors) or "none"
        raise ArgumentError("explain", f"there is no factor {factor!r} in term {i}; its factors: {names}.")

    def of(self, i: int = 0, factor: int | str = 0) -> Explanation:
        """Why a factor of the i-th largest term is what it is; see `factor`."""
        return self.factor(i, factor).explain()

    @functools.cached_property
    def _names(self) -> Names:
        return Names(self.trace, self.event)

    def _term(self, i: int) -> Term:
        for part in self.parts:
            if i < len(part):
                return self._term_of(part, i)
            i -= len(part)
        raise IndexError(i)

    def _term_of(self, part: Part, i: int) -> Term:
        place = tuple(int(j) for j in np.unravel_index(i, part.shape))
        note = part.note if isinstance(part.note, str) else part.note(place)
        factors = []
        for column in part.columns:
            value, outside = (np.broadcast_to(a, part.shape)[place] for a in (column.values, column.outside))
            name, tensor = column.letter, column.tensor
            index: Place = ()
            if outside:
                name, tensor = "padding", None
                note = note if "padding" in note else ", ".join(filter(None, ("padding", note)))
            elif tensor is not None:
                index = tuple(int(np.broadcast_to(a, part.shape)[place]) for a in column.index)
                tensor, index, name = self._names.of(column, index)
            factors.append(Factor(name, value.item(), tensor, index, self.trace))
        return Term(part.values[i].item(), tuple(factors), note, part.path, part.sign, part.joined)

    # ------------------------------------------------------------ shown

    def __str__(self) -> str:
        from .text import screen

        return screen(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from .html import table

        return table(self)
