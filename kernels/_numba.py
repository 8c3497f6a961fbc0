"""What all Numba kernels share: how they are compiled, and which arrays they take."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from tinyconv.backend import Array

# Sums may be taken in another order, and a*b + c in one rounding. Nothing is assumed about NaN and infinities.
REORDERED = {"reassoc", "contract", "nsz"}


def jit(**options: Any) -> Callable[[Callable], Callable]:
    """numba.njit, the compiled code kept on disk where there is a folder to write to."""

    def decorate(function: Callable) -> Callable:
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # "cannot cache function: no locator available"
            return numba.njit(**options)(function)

    return decorate


def takes(*arrays: Array | None) -> bool:
    """Are they all float32 or all float64? Every further type would be compiled anew."""
    dtypes = {a.dtype for a in arrays if a is not None}
    return len(dtypes) == 1 and dtypes <= {np.dtype(np.float32), np.dtype(np.float64)}


def plain(array: Array) -> Array:
    """The array C-contiguous, aligned and writeable, copied only if it is not: one compiled version serves all."""
    return np.require(array, None, ["C", "A", "W"])
