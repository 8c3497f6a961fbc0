"""The machine that a benchmark ran on: its description, its own ceilings, the memory of a process."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _from_cpuinfo(key: str) -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), None)


def settings() -> dict[str, str]:
    """The environment variables that change how libraries use threads and memory."""
    families = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "MALLOC_", "NUMBA_", "TINYCONV_")
    return {name: value for name, value in os.environ.items() if name.startswith(families)}


def memory() -> float | None:
    """The memory (MB) that this process has now; None where the system does not say (only Linux does)."""
    return _from_status("VmRSS")


def peak_memory() -> float | None:
    """The most memory (MB) that this process has had, since its start or `forget_peak_memory`.

    Not getrusage's ru_maxrss: a child process inherits that from its parent.
    """
    return _from_status("VmHWM")


def forget_peak_memory() -> None:
    """Let the peak be what the process has now; where that is not permitted it stays the peak since the start."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def _from_status(key: str) -> float | None:
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return None
    return round(int(status.partition(f"{key}:")[2].split()[0]) / 1024, 1)


def page_faults() -> int | None:
    """How often this process had to wait for a page of memory; None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


class OtherPrograms:
    """How many cores the rest of the machine keeps busy, beside the processes with these ids (0 if not on Linux)."""

    def __init__(self, pids: list[int]):
        self.pids = [os.getpid(), *pids]
        self.cores()

    def cores(self) -> float:
        """The mean since the last call."""
        try:
            now, others = time.perf_counter(), _all_cpu_seconds() - sum(map(_cpu_seconds, self.pids))
        except OSError:
            return 0.0
        before, self._last = getattr(self, "_last", (now - 1, others)), (now, others)
        return max(0.0, (others - before[1]) / (now - before[0]))  # the system counts in hundredths of a second


def _all_cpu_seconds() -> float:
    user, nice, system, _idle, _iowait, irq, softirq, steal = Path("/proc/stat").read_text().split()[1:9]
    return sum(map(int, (user, nice, system, irq, softirq, steal))) / os.sysconf("SC_CLK_TCK")


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()  # the name may hold spaces
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Machine:
    """What the machine is and can do. To be asked in a process of its own: tinyconv sets environment variables."""

    def __init__(self, threads: int):
        self.threads = threads

    def describe(self) -> dict[str, Any]:
        """Processor, cores, how busy the machine is, versions."""
        import tinyconv

        versions = {"tinyconv": tinyconv.__version__, "python": platform.python_version()}
        for package in ("numpy", "numba", "torch", "keras", "tensorflow"):
            try:
                versions[package] = version(package)
            except PackageNotFoundError:
                versions[package] = None
        return {
            "cpu": _from_cpuinfo("model name") or platform.processor() or platform.machine(),
            "vectors": [flag for flag in ("avx2", "avx512f") if flag in (_from_cpuinfo("flags") or "").split()],
            "cores": cores(),
            "load_before": [round(load, 2) for load in os.getloadavg()] if hasattr(os, "getloadavg") else None,
            "system": f"{platform.system()} {platform.machine()}",
            "versions": versions,
        }

    def ceilings(self, seconds: float) -> dict[str, float]:
        """Matrix products (float32, 2048 x 2048, NumPy's BLAS) and copies (256 MB; read and write count)."""
        import numpy as np
        from threadpoolctl import threadpool_limits

        n = 2048
        a, product = np.ones((n, n), np.float32), np.empty((n, n), np.float32)
        with threadpool_limits(self.threads, user_api="blas"):
            multiplying = _best(lambda: np.matmul(a, a, out=product), seconds)
        source = np.ones(2**26, np.float32)
        copied_to = np.array_split(np.empty_like(source), self.threads)
        copied_from = np.array_split(source, self.threads)
        with ThreadPoolExecutor(self.threads) as pool:  # copyto lets other threads run
            copying = _best(lambda: list(pool.map(np.copyto, copied_to, copied_from)), seconds)
        return {
            "sgemm_gflops": round(2 * n**3 / multiplying / 1e9, 1),
            "copy_gb_per_s": round(2 * source.nbytes / copying / 1e9, 1),
        }


def _best(work: Callable[[], Any], seconds: float) -> float:
    """The shortest time of those that fit: a ceiling is what the machine reaches undisturbed."""
    work()
    times = []
    while len(times) < 3 or sum(times) < seconds:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)
