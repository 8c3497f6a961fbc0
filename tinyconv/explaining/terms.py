"""What a number was summed from: terms, each the product of factors, kept as arrays until somebody looks at one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tinyconv.backend import Array, move
from tinyconv.tensor import Tensor

Place = tuple[int, ...]
Note = str | Callable[[Place], str]


class Origin(NamedTuple):
    """Where a number came from that was only passed on: the element of another tensor."""

    tensor: Tensor
    place: Place


class Column:
    """One factor of all terms at once.

    letter  "x", "w", "dy"
    tensor, index   the elements that stand there: arrays of whole numbers, one an axis, which broadcast against those
            of the other columns. What lies outside the tensor is padding, and 0.
    values  what stands there instead of the elements, if it was computed of them: x-hat, 1 - y
    """

    def __init__(self, letter: str, tensor: Tensor | None = None, index: Any = (), values: Any = None):
        self.letter, self.tensor = letter, tensor
        self.index = tuple(np.asarray(i) for i in index)
        self.shape = np.broadcast_shapes(np.shape(values), *(i.shape for i in self.index))
        self.outside = np.zeros(self.shape, bool)
        self.computed = values is not None
        if tensor is None:
            self.values = wide(values)
            return
        for i, n in zip(self.index, tensor.shape, strict=True):
            self.outside |= (i < 0) | (i >= n)
        if values is None:
            safe = tuple(np.where(self.outside, 0, i) for i in self.index)
            values = np.where(self.outside, 0, host(tensor)[safe]) if tensor.numel() else np.zeros(self.shape)
        self.values = wide(values)


class Part:
    """Some of the terms of a sum.

    columns  the factors of every term
    values   of the terms; None: the products of the factors, times `sign`
    note     what is to be said of a term: a text, or a function of the term's place in the shape of the part
    path     the name of a sum within the sum: "direct", "through the mean"
    joined   what is written between the factors
    """

    def __init__(
        self,
        *columns: Column,
        values: Any = None,
        sign: int = 1,
        note: Note = "",
        path: str = "",
        joined: str = " * ",
    ):
        self.columns, self.sign, self.note, self.path, self.joined = columns, sign, note, path, joined
        self.shape = np.broadcast_shapes(np.shape(values), *(c.shape for c in columns))
        if values is None:
            values = sign * math.prod((c.values for c in columns), start=np.ones(()))
        self.values: Array = np.broadcast_to(wide(values), self.shape).reshape(-1)

    def __len__(self) -> int:
        return self.values.size


@dataclass(eq=False)
class Sum:
    """How a number came about.

    formula  the equation, in the field's letters
    parts    the terms that were summed
    asides   what else is to be known: "mean = 0.2 over 98 numbers", "x > 0: passes"
    letter   of the result, where it is not always the same
    scale    how large the numbers were on the way, beside the terms: rounding is in proportion to it
    """

    formula: str
    parts: list[Part]
    asides: list[str]
    letter: str = ""
    scale: float = 0.0


def total(formula: str, *parts: Part, asides: Any = (), letter: str = "", scale: float = 0.0) -> Sum:
    return Sum(formula, list(parts), list(asides), letter, scale)


def host(x: Tensor) -> np.ndarray:
    """The numbers of a tensor, on the CPU."""
    return move(x.data, "cpu")


def wide(values: Any) -> np.ndarray:
    """In double precision, in which terms are multiplied and added."""
    values = np.asarray(values)
    return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)


def short(value: Any) -> str:
    """A number in at most six digits: 0.25, -1.5e-07"""
    return f"{value:.6g}"
