"""What all Numba kernels share: how they are compiled, and which arrays they take."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from tinyconv.backend import Array
from tinyconv.threads import launcher, tell_libraries

from . import _compiling_numba as _compiling_numba  # tells whoever waits for the compiler
from ._layout import plain as plain

# Sums in any order, a*b + c rounded once; NaN and infinities stay what they are.
REORDERED = {"reassoc", "contract", "nsz"}

tell_libraries()  # how many threads to use


def parallel(function: Callable) -> Callable:
    """Compile for all threads (prange), to be called from Python; kept on disk where there is a folder for it."""
    return _entry(function, parallel=True)


def shared(function: Callable) -> Callable:
    """Compile a function that shares its work out by `share_out`, to be called from Python; kept on disk."""
    return _entry(function)


def _entry(function: Callable, **options: Any) -> Callable:
    options |= {"error_model": "numpy", "no_cfunc_wrapper": True}
    try:
        return launcher(numba.njit(cache=True, **options)(function))
    except RuntimeError:  # "cannot cache function: no locator available"
        return launcher(numba.njit(**options)(function))


def inner(function: Callable | None = None, **options: Any) -> Callable:
    """Compile for use in other compiled functions of the same file, without entries from Python and C."""
    if function is None:
        return lambda function: inner(function, **options)
    wrappers: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return numba.njit(error_model="numpy", **wrappers, **options)(function)


def most_threads() -> int:
    """Scratch is there for so many, whoever changes the number meanwhile; what no thread touches takes no memory."""
    return numba.config.NUMBA_NUM_THREADS


def takes(*arrays: Array | None) -> bool:
    """Are they all float32 or all float64? Every further type would be compiled anew."""
    dtypes = {a.dtype for a in arrays if a is not None}
    return len(dtypes) == 1 and dtypes <= {np.dtype(np.float32), np.dtype(np.float64)}
