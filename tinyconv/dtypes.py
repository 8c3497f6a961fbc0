"""Data types: their names, and what comes out where two of them meet."""

from __future__ import annotations

from typing import Any

import numpy as np

from .backend import Array, array_module
from .errors import ArgumentError, DTypeError

uint8, int32, int64 = np.dtype("uint8"), np.dtype("int32"), np.dtype("int64")
float16, float32, float64 = np.dtype("float16"), np.dtype("float32"), np.dtype("float64")

NAMES = ("bool", "uint8", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128")
KINDS = "biufc"  # bool, integers, floating point, complex: a higher kind takes in a lower one


def as_dtype(operation: str, dtype: Any) -> np.dtype:
    """A NumPy data type of numbers, from itself, its name, or Python's float, int, bool, complex."""
    try:
        if (known := np.dtype(dtype)).kind in KINDS:
            return known
    except TypeError:
        pass
    raise DTypeError(operation, f"{dtype!r} is not a data type of numbers; use np.float32 or its name, 'float32'.")


def promote(a: np.dtype, b: np.dtype) -> np.dtype:
    """What a + b has: NumPy's rule, but integers leave floating point its precision, as in PyTorch."""
    if (a.kind == "f") != (b.kind == "f") and "c" not in (a.kind, b.kind):
        return a if a.kind == "f" else b
    return np.promote_types(a, b)


def number_beside(array: Array, value: Any) -> Array:
    """A number as a 0-d array that goes with `array`: in its dtype, unless the number is of a higher kind."""
    number = value.item() if isinstance(value, np.generic) else value
    kind, dtype = np.asarray(number).dtype.kind, array.dtype
    if KINDS.find(dtype.kind) < KINDS.find(kind):  # NumPy's default would be float64, and complex128
        dtype = promote(dtype, np.dtype({"i": "int64", "f": "float32", "c": "complex64"}[kind]))
    xp = array_module(array)
    try:
        # A GPU writes it there itself, which is no transfer.
        return np.asarray(number, dtype) if xp is np else xp.full((), np.asarray(number, dtype)[()], dtype)
    except OverflowError:
        raise ArgumentError("tensor", f"{number} does not fit into {dtype}.") from None
