"""What all Numba kernels share: how they are compiled, and which arrays they take."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from tinyconv.backend import Array
from tinyconv.threads import tell_libraries

# Sums in any order, a*b + c rounded once; NaN and infinities stay what they are.
REORDERED = {"reassoc", "contract", "nsz"}

tell_libraries()  # how many threads to use


def parallel(function: Callable) -> Callable:
    """Compile for all threads, to be called from Python; kept on disk where there is a folder to write to."""
    options: Any = {"parallel": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function: no locator available"
        return numba.njit(**options)(function)


def inner(function: Callable | None = None, **options: Any) -> Callable:
    """Compile for use in other compiled functions of the same file, without entries from Python and C."""
    if function is None:
        return lambda function: inner(function, **options)
    wrappers: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return numba.njit(error_model="numpy", **wrappers, **options)(function)


def takes(*arrays: Array | None) -> bool:
    """Are they all float32 or all float64? Every further type would be compiled anew."""
    dtypes = {a.dtype for a in arrays if a is not None}
    return len(dtypes) == 1 and dtypes <= {np.dtype(np.float32), np.dtype(np.float64)}


def plain(array: Array) -> Array:
    """The array C-contiguous, aligned and writeable, copied if it is not: one compiled version serves all."""
    return np.require(array, None, ["C", "A", "W"])
