"""The registry of operations: for each, sample arguments, wrong arguments, and its twin in PyTorch.

Each file here is named after a file of tinyconv/ops and has a table OPS; test_registry.py does the rest.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinyconv.tensor import Tensor


@dataclass(frozen=True)
class Draw:
    """An array argument, drawn anew in every test: make(rng), then laid out in memory in its own way."""

    make: Callable[[np.random.Generator], np.ndarray]
    layout: Callable[[np.ndarray], Any] = np.asarray

    def __call__(self, rng: np.random.Generator, dtype: Any) -> np.ndarray:
        x = np.asarray(self.make(rng))
        return self.layout(x.astype(dtype) if x.dtype.kind == "f" else x)


@dataclass(frozen=True)
class Call:
    """The arguments of one call of an operation."""

    args: tuple
    kwargs: dict[str, Any]

    def draw(self, rng: np.random.Generator, dtype: Any = np.float64) -> tuple:
        """The positional arguments, with arrays in them."""
        return replaced(self.args, lambda x: x(rng, dtype) if isinstance(x, Draw) else x)


@dataclass(frozen=True)
class Sample(Call):
    """A right call.

    label   what is special about it; distinct within one operation
    kinks   some inputs tie, or lie at a corner: there is no derivative to compare with
    """

    label: str
    kinks: bool = False


@dataclass(frozen=True)
class Bad(Call):
    """A call that must be refused, with a message that matches a regular expression."""

    error: type[Exception]
    message: str


@dataclass(frozen=True)
class Op:
    """An operation, and all that is needed to test it.

    twin            from the module `torch`, the function that does the same
    differentiable  does its result have a gradient?
    order           2 if gradients of gradients are checked too
    linear_in       numbers of the positional arguments in which it is linear, or linear plus a constant, whatever the
                    other arguments are: (0, 1, 2) for conv2d. test_adjoint.py then checks <A x, y> = <x, A'y> for each,
                    and fails if one is missing or wrong here.
    """

    function: Callable[..., Any]
    samples: list[Sample]
    errors: list[Bad] = field(default_factory=list)
    twin: Callable[[Any], Callable] | None = None
    differentiable: bool = True
    order: int = 2
    linear_in: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.function.__module__.rpartition('.')[2]}.{self.function.__name__}"


def all_ops() -> list[Op]:
    """The tables of all files in this folder, together."""
    modules = [importlib.import_module(m.name) for m in pkgutil.iter_modules(__path__, f"{__name__}.")]
    return [op for module in modules for op in module.OPS]


def sample(label: str, *args: Any, kinks: bool = False, **kwargs: Any) -> Sample:
    return Sample(args, kwargs, label, kinks)


def bad(error: type[Exception], message: str, *args: Any, **kwargs: Any) -> Bad:
    return Bad(args, kwargs, error, message)


# ---------------------------------------------------------------- arrays


def normal(*shape: int, **layout: Any) -> Draw:
    return Draw(lambda rng: rng.standard_normal(shape), **layout)


def positive(*shape: int, **layout: Any) -> Draw:
    """Numbers from 0.5 to 2."""
    return Draw(lambda rng: rng.uniform(0.5, 2, shape), **layout)


def few(*shape: int) -> Draw:
    """Only -1, 0, 1 and 2: many of them tie."""
    return Draw(lambda rng: rng.integers(-1, 3, shape).astype(float))


def whole(high: int, *shape: int) -> Draw:
    """Whole numbers from 0 to high - 1."""
    return Draw(lambda rng: rng.integers(0, high, shape))


def mask(*shape: int) -> Draw:
    return Draw(lambda rng: rng.random(shape) < 0.5)


def constant(values: Any) -> Draw:
    """Numbers that get no gradient: running statistics."""
    return Draw(lambda rng: np.array(values), Tensor)


def fixed(values: Any) -> Draw:
    return Draw(lambda rng: np.array(values))


# ---------------------------------------------------------------- layouts in memory


def transposed(x: np.ndarray) -> np.ndarray:
    """First axis fastest."""
    return np.asfortranarray(x)


def channels_last(x: np.ndarray) -> np.ndarray:
    """(N, C, H, W) whose memory is (N, H, W, C)."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)


def sliced(x: np.ndarray) -> np.ndarray:
    """Every other element of something larger, last axis backwards."""
    larger = np.full((*x.shape[:-1], 2 * x.shape[-1]), 99, x.dtype)
    larger[..., ::-2] = x
    return larger[..., ::-2]


def repeated(x: np.ndarray) -> np.ndarray:
    """The first row seen again and again: strides of 0."""
    return np.broadcast_to(x[:1], x.shape)


LAYOUTS = [transposed, sliced, repeated]


# ---------------------------------------------------------------- arguments


def tensors_of(args: tuple, requires_grad: bool = True) -> tuple:
    """Arrays as Tensors, those of floating point as leaves."""
    return replaced(args, lambda x: _leaf(x, requires_grad) if isinstance(x, np.ndarray) else x)


def found_in(args: Any, kind: type) -> list:
    """All arguments of one type, also those inside lists."""
    if isinstance(args, (tuple, list)):
        return [x for part in args for x in found_in(part, kind)]
    return [args] if isinstance(args, kind) else []


def _leaf(x: np.ndarray, requires_grad: bool) -> Tensor:
    return Tensor(x, requires_grad and x.dtype.kind == "f")


def replaced(args: Any, function: Callable[[Any], Any]) -> Any:
    """The arguments with `function` applied to each, also inside tuples and lists."""
    if isinstance(args, (tuple, list)):
        return type(args)(replaced(part, function) for part in args)
    return function(args)
