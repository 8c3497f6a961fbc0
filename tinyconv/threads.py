"""How many threads compute: one number for the kernels (Numba) and for matrix products (BLAS).

This module comes before NumPy and Numba, for both read some settings only while they are loaded.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from .errors import ArgumentError
from .geometry import is_whole

# Threads that wait for work by spinning take the cores away from the other library's threads: a training
# step of LeNet-5 took up to three times as long without these two. What the user has set is kept.
_blas_spins = "numpy" in sys.modules and "OPENBLAS_THREAD_TIMEOUT" not in os.environ
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # Numba's threads, in libgomp
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")  # NumPy's: wait 2^4 processor cycles, not 2^26

_chosen: int | None = None


def cores() -> int:
    """The processor cores that this process may use; NUMBA_NUM_THREADS lowers it."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("NUMBA_NUM_THREADS", "")
    return min(allowed, int(limit)) if limit.isdecimal() and int(limit) else allowed


def get_num_threads() -> int:
    """The number of threads that kernels and matrix products use: all cores, unless set."""
    return _chosen or cores()


def set_num_threads(n: int) -> None:
    """Let kernels and matrix products use n threads, from 1 to the number of cores.

    Matrix products use one beside Numba if NumPy was loaded before tinyconv: its threads would spin.
    Numba counts for each Python thread apart: kernels called from another one use all cores until it is
    set there too. Results can differ in their last bits between numbers of threads; with the same they do not.
    The environment variable TINYCONV_NUM_THREADS does the same for a process. Raises ArgumentError.
    """
    global _chosen
    _chosen = _checked("set_num_threads", n)
    tell_libraries()


def tell_libraries() -> None:
    """Tell the libraries that are loaded; done again by the first kernel that loads Numba."""
    numba = sys.modules.get("numba")
    if numba:
        numba.set_num_threads(get_num_threads())
    alone = _blas_spins and numba is not None
    if alone or _chosen:
        import threadpoolctl

        threadpoolctl.threadpool_limits(1 if alone else _chosen, user_api="blas")


def _checked(operation: str, n: Any) -> int:
    if not is_whole(n) or not 1 <= int(n) <= cores():
        raise ArgumentError(
            operation, f"the number of threads is {n!r}; it must be from 1 to {cores()}, the cores here."
        )
    return int(n)


def _of_environment() -> int | None:
    """TINYCONV_NUM_THREADS; NumPy, if it is still to be loaded, is told by variables of its own."""
    text = os.environ.get("TINYCONV_NUM_THREADS")
    if not text:
        return None
    n = _checked("TINYCONV_NUM_THREADS", int(text) if text.isdecimal() else text)
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ[name] = str(n)
    return n


_chosen = _of_environment()
if _chosen and "numpy" in sys.modules:
    tell_libraries()
