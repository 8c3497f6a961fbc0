"""What all Numba kernels share: how they are compiled, and which arrays they take."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import types

from tinyconv.backend import Array
from tinyconv.threads import launcher, tell_libraries

from . import _compiling_numba as _compiling_numba  # tells whoever waits for the compiler
from ._inlined import Inlined
from ._layout import plain as plain

# Sums in any order, a*b + c rounded once; NaN and infinities stay what they are.
REORDERED = {"reassoc", "contract", "nsz"}

tell_libraries()  # how many threads to use


def shared(function: Callable) -> Callable:
    """Compile a function that shares its work out by `share_out`, to be called from Python; kept on disk."""
    options: Any = {"error_model": "numpy", "no_cfunc_wrapper": True}
    try:
        return launcher(numba.njit(cache=True, **options)(function))
    except RuntimeError:  # "cannot cache function: no locator available"
        return launcher(numba.njit(**options)(function))


def serial(function: Callable) -> Callable:
    """Compile a function that runs on the thread that calls it, beside others: for preparing batches ahead."""
    options: Any = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # "cannot cache function: no locator available"
        return numba.njit(**options)(function)


def inner(function: Callable | None = None, **options: Any) -> Callable:
    """Compile for use in other compiled functions of the same file, without entries from Python and C."""
    if function is None:
        return lambda function: inner(function, **options)
    wrappers: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    dispatcher = numba.njit(error_model="numpy", pipeline_class=Inlined, **wrappers, **options)(function)
    of_types = dispatcher.get_call_template
    dispatcher.get_call_template = lambda args, kws: of_types([types.unliteral(t) for t in args], kws)
    return dispatcher


def most_threads() -> int:
    """Scratch is there for so many, whoever changes the number meanwhile; what no thread touches takes no memory."""
    return numba.config.NUMBA_NUM_THREADS


def takes(*arrays: Array | None) -> bool:
    """Are they all float32 or all float64? Every further type would be compiled anew."""
    dtypes = {a.dtype for a in arrays if a is not None}
    return len(dtypes) == 1 and dtypes <= {np.dtype(np.float32), np.dtype(np.float64)}
