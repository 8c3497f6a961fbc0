"""What a worksheet is made of: problems, and in them numbers in boxes, given or to be found."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import numpy as np

import tinyconv
from tinyconv import Tensor


@dataclass(frozen=True)
class Grid:
    """Numbers in boxes.

    name     as the text calls them: dx_1
    values   one number, a row of them, or rows
    named    does the name stand before them?
    blank    are they to be found?
    done     so many of them, from the first on, stand on the sheet already, as an example
    rows, columns  what stands beside the rows and above the columns
    written  the numbers as they are to be written, if not as decimals
    """

    name: str
    values: np.ndarray
    named: bool = True
    blank: bool = False
    done: int = 0
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    written: tuple[str, ...] = ()

    def numbers(self) -> dict[str, np.ndarray]:
        return {self.name: self.values}


@dataclass(frozen=True)
class Node:
    """A box of a graph: f = p + c, with its value and its gradient.

    place   column and row, from the left and the top
    inputs  the names of the nodes that an arrow comes from
    given   does the value stand on the sheet?
    """

    name: str
    formula: str
    place: tuple[float, float]
    value: float
    gradient: float
    inputs: tuple[str, ...] = ()
    given: bool = False


@dataclass(frozen=True)
class Graph:
    """Nodes, the result last; its gradient, 1, stands on the sheet, as does that of the node `done`."""

    nodes: list[Node]
    done: str = ""

    def numbers(self) -> dict[str, np.ndarray]:
        values = {node.name: np.array(node.value) for node in self.nodes}
        return values | {f"d{node.name}": np.array(node.gradient) for node in self.nodes}


@dataclass(frozen=True)
class Problem:
    """words: what to do, with formulas between dollars; settings: what the layer was told; remark: for the "
    "answers."""

    words: str
    lines: list[list[Grid | Graph]]
    settings: dict[str, int] = field(default_factory=dict)
    remark: str = ""

    def numbers(self) -> dict[str, np.ndarray]:
        return {name: values for line in self.lines for part in line for name, values in part.numbers().items()}


@dataclass(frozen=True)
class Sheet:
    title: str
    lead: str
    formulas: list[str]
    problems: list[Problem]


def whole_numbers(random: Random, shape: tuple[int, ...], low: int, high: int, zero: bool = True) -> np.ndarray:
    """Random whole numbers from low to high, in float64; without 0 if zero=False."""
    choices = [v for v in range(low, high + 1) if v or zero]
    return np.array(random.choices(choices, k=math.prod(shape)), float).reshape(shape)


def leaf(values: np.ndarray | float) -> Tensor:
    """A tensor of float64 that gets a gradient."""
    return tinyconv.tensor(np.array(values, float), requires_grad=True)


def is_easy(values: np.ndarray, largest: float) -> bool:
    """Have the numbers at most two decimals, and are they not too large?"""
    return bool(np.all(np.abs(values) <= largest) and np.allclose(values, np.round(values, 2), rtol=0, atol=1e-6))


def draw(random: Random, make: Callable[[Random], Problem | None], largest: float = 30) -> Problem:
    """The first problem that `make` gives (None: try again) whose numbers are all easy."""
    for _ in range(20_000):
        problem = make(random)
        if problem and all(is_easy(values, largest) for values in problem.numbers().values()):
            return problem
    raise RuntimeError(f"{make.__qualname__} does not come to easy numbers")


def number(value: float) -> str:
    """-0.5 with a minus as long as a plus; 2.0 -> 2"""
    text = f"{round(float(value), 2) + 0.0:.2f}".rstrip("0").rstrip(".")
    return text.replace("-", "\u2212")


def factor(value: float) -> str:
    """A number as it stands in a product: negative ones in brackets."""
    return number(value) if value >= 0 else f"({number(value)})"


def products(a: np.ndarray, b: np.ndarray) -> str:
    """a_0 · b_0 + a_1 · b_1 + ..., written out."""
    return " + ".join(f"{factor(p)}·{factor(q)}" for p, q in zip(a.ravel(), b.ravel(), strict=True))
