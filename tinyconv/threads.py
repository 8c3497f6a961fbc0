"""How many threads compute: one number for the kernels (Numba) and for matrix products (BLAS).

This module comes first: NumPy and Numba read how their threads shall wait only while they are loaded. Threads
that spin while they wait take the cores from those that work; threads that sleep take 50 us to wake, and a
training step of LeNet-5 calls forty kernels. docs/performance.md has the measurements.
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from ctypes import CFUNCTYPE, c_int
from functools import cache, wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from .errors import ArgumentError
from .geometry import is_whole
from .rehearsal import stage

# NumPy's OpenBLAS: threads sleep after 2^4 processor cycles without work, not after 2^26.
BLAS_WAITS = {"OPENBLAS_THREAD_TIMEOUT": "4"}
# Numba's threads, in GNU's OpenMP: they look 3000 times (about 100 us) for work, then sleep. The next kernel
# mostly comes sooner; and where another program has the second core, a core is not spun away for long.
# Other OpenMP libraries know the first variable only: sleep at once.
NUMBA_WAITS = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "3000"}
BLAS_NUMBERS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

_chosen: int | None = None  # by set_num_threads or TINYCONV_NUM_THREADS
_number: int | None = None  # what Numba is to be told in every Python thread
_forked = False  # did this process lose Numba's threads in a fork?


class _Told(threading.local):
    number: int | None = None  # what Numba was told in this Python thread


_told = _Told()
_one = threading.Lock()


# ---------------------------------------------------------------- how many


@cache
def cores() -> int:
    """The processor cores that this process may use; a container's quota or NUMBA_NUM_THREADS can lower it."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("NUMBA_NUM_THREADS", "")
    if limit.isdecimal() and int(limit):
        allowed = min(allowed, int(limit))
    return allowed if quota() >= allowed else math.ceil(quota())


def quota(root: Path = Path("/")) -> float:
    """How many cores' time Linux' control groups grant to this process; infinity without a limit."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return math.inf
    of_process = {Path(line.split(":", 2)[2]) for line in lines}
    groups = {group.relative_to("/") for path in of_process for group in (path, *path.parents)}
    return min((_limit(root / "sys/fs/cgroup", group) for group in groups), default=math.inf)


def _limit(cgroups: Path, group: Path) -> float:
    """Time divided by period (us): one file in version 2 of control groups, two in version 1."""
    files = [[cgroups / group / "cpu.max"], [cgroups / "cpu" / group / f"cpu.cfs_{n}_us" for n in ("quota", "period")]]
    limits = [math.inf]
    for parts in files:
        with suppress(OSError, ValueError):  # no such file; "max", for no limit
            time, period = (int(n) for file in parts for n in file.read_text().split())
            limits.append(time / period if time > 0 else math.inf)
    return min(limits)


def get_num_threads() -> int:
    """The number of threads that kernels and matrix products use: all cores, unless set.

    One in a process that was forked from one whose kernels had run. Raises ArgumentError if TINYCONV_NUM_THREADS
    is wrong.
    """
    return _number or _chosen or _of_environment() or cores()


def set_num_threads(n: int) -> None:
    """Let kernels and matrix products use n threads, from 1 to the number of cores, in every Python thread.

    The environment variable TINYCONV_NUM_THREADS does the same for a process. Matrix products use one beside
    Numba if NumPy was loaded before tinyconv: its threads would spin. Raises ArgumentError.
    """
    global _chosen
    _chosen = _checked("set_num_threads", n)
    tell_libraries()


def _checked(operation: str, n: Any) -> int:
    most, why = (1, "all that a forked process has") if _forked else (cores(), "the cores here")
    if not is_whole(n) or not 1 <= int(n) <= most:
        raise ArgumentError(operation, f"the number of threads is {n!r}; it must be from 1 to {most}, {why}.")
    return int(n)


def _of_environment() -> int | None:
    text = os.environ.get("TINYCONV_NUM_THREADS")
    return _checked("TINYCONV_NUM_THREADS", int(text) if text.isdecimal() else text) if text else None


# ---------------------------------------------------------------- Numba and BLAS


def launcher(compiled: Callable[..., Any]) -> Callable[..., Any]:
    """The compiled function, with the number of threads that is set: Numba counts in each Python thread apart.

    In a rehearsal it is left out.
    """

    @wraps(compiled, updated=())
    def launch(*args: Any) -> Any:
        if stage.now is not None:
            return stage.now.on_kernel()
        if _told.number != _number:
            _tell_numba()
        return compiled(*args)

    @wraps(compiled, updated=())
    def launch_alone(*args: Any) -> Any:
        with _one:
            return launch(*args)

    # Numba's own pool of threads, where there is no OpenMP, ends a process whose Python threads call at once.
    return launch_alone if import_module("numba").threading_layer() == "workqueue" else launch


def tell_libraries() -> None:
    """Tell the libraries that are loaded; done again by the first kernel that loads Numba."""
    global _number
    _number = 1 if _forked else _chosen or _of_environment() or cores()
    beside_numba = sys.modules.get("numba") is not None
    if beside_numba:
        _tell_numba()
    alone = _blas_spins and beside_numba
    if alone or _chosen:
        import threadpoolctl

        threadpoolctl.threadpool_limits(1 if alone else _number, user_api="blas")


def _tell_numba() -> None:
    if _forked:
        # Numba ends a process whose parent's OpenMP threads are gone, since a kernel would wait for them for ever.
        # A kernel with one thread does not; so Numba is made to believe that this process has no such parent.
        CFUNCTYPE(None, c_int)(import_module("numba.np.ufunc.omppool").launch_threads)(1)
    with _environment(NUMBA_WAITS):  # read when the first call here loads OpenMP
        import_module("numba").set_num_threads(get_num_threads())
    _told.number = _number


def _after_fork() -> None:
    """In a child process: the threads of GNU's OpenMP are not in it."""
    global _forked, _number, _told, _one
    _one = threading.Lock()
    if "numba.np.ufunc.omppool" in sys.modules:
        _forked, _number, _told = True, 1, _Told()


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set what the user has not set, for a library to read; not for long, for child processes would inherit it."""
    added = {name: value for name, value in variables.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

_blas_spins = "numpy" in sys.modules and "OPENBLAS_THREAD_TIMEOUT" not in os.environ
with suppress(ArgumentError):  # raised by whoever needs the number: the command line then says it in one line
    _chosen = _of_environment()
if "numpy" not in sys.modules:
    with _environment(BLAS_WAITS | dict.fromkeys(BLAS_NUMBERS, str(_chosen or cores()))):
        import numpy as numpy
elif _chosen:
    tell_libraries()
