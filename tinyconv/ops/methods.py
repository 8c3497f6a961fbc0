"""The operators and methods of Tensor: which function stands behind each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tinyconv.tensor import Tensor

from . import activation, arithmetic, compare, index, inplace, join, reduce, shape
from .matmul import matmul

METHODS: dict[str, Any] = {
    "__add__": arithmetic.add,
    "__radd__": arithmetic.add,
    "__sub__": arithmetic.sub,
    "__rsub__": lambda x, other: arithmetic.sub(other, x),
    "__mul__": arithmetic.mul,
    "__rmul__": arithmetic.mul,
    "__truediv__": arithmetic.div,
    "__rtruediv__": lambda x, other: arithmetic.div(other, x),
    "__pow__": arithmetic.pow,
    "__rpow__": lambda x, other: arithmetic.pow(other, x),
    "__matmul__": matmul,
    "__rmatmul__": lambda x, other: matmul(other, x),
    "__neg__": arithmetic.neg,
    "__abs__": arithmetic.abs,
    "__eq__": compare.eq,
    "__ne__": compare.ne,
    "__lt__": compare.lt,
    "__le__": compare.le,
    "__gt__": compare.gt,
    "__ge__": compare.ge,
    "__and__": compare.logical_and,
    "__rand__": compare.logical_and,
    "__or__": compare.logical_or,
    "__ror__": compare.logical_or,
    "__invert__": compare.logical_not,
    "__getitem__": index.getitem,
    "__setitem__": inplace.setitem,
    "__iadd__": inplace.iadd,
    "__isub__": inplace.isub,
    "__imul__": inplace.imul,
    "__itruediv__": inplace.itruediv,
    "T": property(shape.reverse_axes),
    "clamp": arithmetic.clip,  # PyTorch's name for it
    "view": shape.reshape,  # likewise; it copies where the memory's order demands it
}

NAMED = (
    *(arithmetic.abs, arithmetic.clip, arithmetic.exp, arithmetic.log, arithmetic.sqrt),
    *(reduce.amax, reduce.amin, reduce.argmax, reduce.max, reduce.mean, reduce.min, reduce.sum, reduce.var),
    *(shape.clone, shape.expand, shape.flatten, shape.permute, shape.reshape),
    *(shape.squeeze, shape.transpose, shape.unsqueeze, join.split, matmul),
    *(activation.log_softmax, activation.relu, activation.sigmoid, activation.softmax, activation.tanh),
    *(inplace.add_, inplace.copy_, inplace.div_, inplace.fill_, inplace.mul_, inplace.sub_, inplace.zero_),
)
METHODS |= {function.__name__: function for function in NAMED}


def _iterate(x: Tensor) -> Iterator[Tensor]:
    return (x[i] for i in range(len(x)))


METHODS["__iter__"] = _iterate


def attach(name: str, method: Any) -> None:
    """Make a function a method of Tensor; also for what is imported after this."""
    METHODS[name] = method
    setattr(Tensor, name, method)


for name, method in METHODS.items():
    attach(name, method)
