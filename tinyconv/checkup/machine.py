"""Which engines work: each computes a small convolution and its gradients, known by hand. Threads and GPUs."""

from __future__ import annotations

import os
import platform
import time
import warnings
from pathlib import Path

import numpy as np

import tinyconv.kernels as kernels
from tinyconv import cuda
from tinyconv.backend import ENGINES, cupy, current_engine, engine, move
from tinyconv.errors import DeviceError, TinyconvError
from tinyconv.geometry import Window
from tinyconv.threads import cores, get_num_threads
from tinyconv.warmup import compiled_kernels

from .facts import NOTE, WRONG, Fact
from .places import of_kernels

# y[i,j] = sum of w[k,l] x[i+k,j+l]:   37 = 1*1 + 2*2 + 3*4 + 4*5, ...   and, of this dy, the two gradients.
X, W, Y = np.arange(1.0, 10).reshape(3, 3), np.array([[1.0, 2], [3, 4]]), np.array([[37.0, 47], [67, 77]])
DY, DW = np.array([[1.0, 0], [0, 2]]), np.array([[11.0, 14], [20, 23]])
DX = np.array([[1.0, 2, 0], [3, 6, 4], [0, 6, 8]])
PLAIN = {"loops": "plain Python, to read and step through", "numpy": "the definition, in whole arrays"}
WARM_UP = "`tinyconv warmup` compiles all kernels beforehand"


def engines() -> tuple[list[Fact], list[Fact]]:
    """What is known of the folder of compiled kernels, and a fact for each engine."""
    numba, folder = _numba()
    plain = [_judged(name, _tried(name), what) for name, what in PLAIN.items()]
    return folder, [*plain, numba, _cuda(), *_chosen()]


def mistake(name: str, device: str = "cpu") -> str:
    """Run the convolution in an engine; "" if the numbers are right, else what is wrong."""
    x, w, dy = (move(a[None, None].astype(np.float32), device) for a in (X, W, DY))
    window = Window.of("doctor", 2)
    with engine(name):
        found = {
            "y": (kernels.conv2d(x, w, None, window), Y),
            "dx": (kernels.conv2d_input(dy, w, window, x.shape), DX),
            "dw": (kernels.conv2d_weight(dy, x, window), DW),
        }
    for letter, (array, right) in found.items():
        if not np.array_equal(move(array, "cpu")[0, 0], right):
            return f"{letter} of a 2x2 convolution is {move(array, 'cpu')[0, 0].tolist()}, it must be {right.tolist()}"
    return ""


def _numba() -> tuple[Fact, list[Fact]]:
    """The engine, and where its kernels are kept."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is missing is said here
            from tinyconv.kernels._compiling_numba import watch
    except Exception as error:  # not installed, not for this NumPy, or broken in its own way
        said = f"Numba does not load ({_short(error)}): everything runs on plain NumPy, several times slower"
        return Fact("numba", said, WRONG, "pip install --upgrade numba"), []
    before, began = len(watch.functions), time.perf_counter()
    problem = _tried("numba")
    seconds, compiled = time.perf_counter() - began, len(watch.functions) - before
    warm = "kernels were compiled before"
    if compiled:
        warm = f"{compiled} functions had to be compiled first, in {seconds:.0f} s; {WARM_UP}"
    fact = _judged("numba", problem, f"compiled for this CPU; {warm}")
    folders = {kernel.stats.cache_path for kernel in compiled_kernels()}
    return fact, of_kernels({Path(folder) for folder in folders if folder}, None in folders)


def _cuda() -> Fact:
    try:
        cupy()
    except DeviceError:
        return Fact("cuda", "not tried: see devices", NOTE)
    return _judged("cuda", _tried("cuda", "cuda"), "compiled for this GPU")


def _tried(name: str, device: str = "cpu") -> str:
    try:
        if not kernels.conv2d.has(name):
            return "it has no kernel of its own here"
        return mistake(name, device)
    except Exception as error:  # whatever a compiler or a driver may raise
        return f"it fails: {_short(error)}"


def _judged(name: str, problem: str, what: str) -> Fact:
    if problem:
        return Fact(name, problem, WRONG, "Please report it, with this page.")
    return Fact(name, f"right; {what}")


def _chosen() -> list[Fact]:
    """The engine that the environment chooses, if it does."""
    chosen = os.environ.get("TINYCONV_ENGINE")
    if not chosen:
        return []
    try:
        return [Fact("chosen", f"TINYCONV_ENGINE={chosen}: kernels run in {current_engine()!r}", NOTE)]
    except TinyconvError as error:
        return [Fact("chosen", f"TINYCONV_ENGINE={chosen}", WRONG, f"{error.problem} Engines: {', '.join(ENGINES)}")]


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:140]}"


# ---------------------------------------------------------------- threads and devices


def threads() -> list[Fact]:
    count, most = get_num_threads(), cores()
    said = f"{count} of {most} cores" + (f", of {os.cpu_count()} in the machine" if os.cpu_count() != most else "")
    set_by = [
        f"{name}={os.environ[name]}" for name in ("TINYCONV_NUM_THREADS", "NUMBA_NUM_THREADS") if name in os.environ
    ]
    facts = [Fact("threads", ", ".join([said, *set_by]))]
    try:
        from threadpoolctl import threadpool_info

        pools = [f"{pool['internal_api']} ({pool['num_threads']})" for pool in threadpool_info()]
        facts.append(Fact("libraries", ", ".join(dict.fromkeys(pools)) or "none with threads of their own"))
    except Exception as error:  # missing, or a library that it cannot look into
        facts.append(Fact("libraries", f"not known ({_short(error)})", NOTE))
    return facts


def devices() -> list[Fact]:
    facts = [Fact("cpu", _processor())]
    try:
        for i in range(cupy().cuda.runtime.getDeviceCount()):
            free, total = cuda.mem_get_info(f"cuda:{i}")
            said = f"{cuda.get_device_name(f'cuda:{i}')}, {free / 2**30:.1f} of {total / 2**30:.1f} GiB free"
            facts.append(Fact(f"cuda:{i}", said))
    except DeviceError as error:
        facts.append(Fact("cuda", f"not used: {error.problem}", NOTE))
    except Exception as error:  # a driver in trouble
        facts.append(Fact("cuda", f"it fails: {_short(error)}", WRONG, "See what nvidia-smi says."))
    return facts


def _processor() -> str:
    name = ""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    except OSError:  # not Linux
        pass
    return name or platform.processor() or platform.machine()
