"""Where arrays live and which engine computes: NumPy or CuPy, `loops`, `numpy`, `numba` or `cuda`."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from .errors import DeviceError, OutOfMemoryError, UnknownNameError

ENGINES = ("loops", "numpy", "numba", "cuda")
Array = Any  # numpy.ndarray or cupy.ndarray

_chosen_engine: ContextVar[str | None] = ContextVar("tinyconv_engine", default=None)
_several_gpus = False  # so that whoever has one GPU, or none, pays no more than this comparison


# ---------------------------------------------------------------- devices


def array_module(array: Array) -> ModuleType:
    """`xp`: the module whose functions work on this array, NumPy or CuPy."""
    if isinstance(array, (np.ndarray, np.generic)):
        return np
    xp = cupy()
    on_its_gpu(array)
    return xp


def on_its_gpu(array: Array) -> Array:
    """The array. If it is on a GPU, that is now the current one: CuPy computes there, wherever arrays are."""
    if _several_gpus and is_cupy(array) and array.device.id != cupy().cuda.runtime.getDevice():
        array.device.use()
    return array


def device_of(array: Array) -> str:
    """ "cpu", or "cuda:0", "cuda:1", ... for an array on a GPU."""
    return "cpu" if isinstance(array, np.ndarray) else f"cuda:{array.device.id}"


def is_array(value: object) -> bool:
    """Is this a NumPy or a CuPy array?"""
    return isinstance(value, np.ndarray) or is_cupy(value)


def is_cupy(value: object) -> bool:
    """Is this a CuPy array? (Asking does not import CuPy.)"""
    return type(value).__module__.partition(".")[0] == "cupy"


INSTALL = "Install it with: pip install 'tinyconv[cuda13]' (tinyconv[cuda12] for a driver of CUDA 12)"


@cache
def cupy() -> ModuleType:
    """CuPy with a working GPU behind it, or a DeviceError that says what is missing."""
    if importlib.util.find_spec("cupy") is None:
        raise DeviceError("cuda", f"CuPy is not installed. {INSTALL}.")
    try:
        import cupy
    except ImportError as error:
        raise DeviceError("cuda", f"CuPy does not load ({error}). {INSTALL}.") from None
    if obstacle := _obstacle(cupy.cuda.runtime):
        raise DeviceError("cuda", obstacle)
    global _several_gpus
    _several_gpus = cupy.cuda.runtime.getDeviceCount() > 1
    return cupy


def _obstacle(runtime: Any) -> str | None:
    """Why there is no GPU to compute on, and what to do about it; None if there is one."""
    try:
        if runtime.getDeviceCount() > 0:
            return None
    except RuntimeError:  # CuPy's CUDARuntimeError: the two versions below say more
        pass
    driver, needed = runtime.driverGetVersion(), runtime.runtimeGetVersion()  # 12040 is CUDA 12.4
    if driver == 0:
        return "there is no NVIDIA driver. Install one, until nvidia-smi lists the GPU, or compute on the CPU."
    if driver // 1000 < needed // 1000:
        versions = f"CUDA {driver // 1000}.{driver % 1000 // 10}, and this CuPy is for CUDA {needed // 1000}"
        return (
            f"the NVIDIA driver is too old: it is of {versions}. "
            f"Update the driver, or pip uninstall cupy-cuda{needed // 1000}x and install 'tinyconv[cuda12]'."
        )
    return "the NVIDIA driver shows no GPU. See what nvidia-smi lists, and whether CUDA_VISIBLE_DEVICES hides it."


def check_device(device: str) -> str:
    """`device` if it is "cpu", "cuda" or "cuda:N" and usable on this machine, or a clear error."""
    kind, _, index = str(device).partition(":")
    if kind not in ("cpu", "cuda") or (index and not index.isdigit()) or (kind == "cpu" and index):
        raise UnknownNameError("device", "device", device, ("cpu", "cuda", "cuda:0"))
    if kind == "cuda":
        count = cupy().cuda.runtime.getDeviceCount()
        if int(index or 0) >= count:
            raise DeviceError("device", f"there is no {device!r}: the last one of this machine is cuda:{count - 1}.")
    return str(device)


def move(array: Array, device: str) -> Array:
    """The array on `device`: itself if it is there already, a copy in the same order of memory otherwise.

    A GPU that something was moved to stays CuPy's current one.
    """
    device = check_device(device)
    if device == "cpu":
        return array if isinstance(array, np.ndarray) else _in_its_order(array, lambda a: a.get())
    index = int(device.partition(":")[2] or 0)
    if not isinstance(array, np.ndarray) and array.device.id == index:
        return array
    cupy().cuda.Device(index).use()
    return _in_its_order(array, cupy().asarray)


def pinned(size: int) -> np.ndarray:
    """Bytes of memory on the CPU that a GPU reads by itself, while both work on."""
    cupy()
    from cupyx import empty_pinned

    return empty_pinned(size, np.uint8)


def constant(numbers: np.ndarray, dtype: Any, like: Array) -> Array:
    """Numbers that depend on sizes alone, where `like` is: taken to a GPU once, and kept there."""
    if isinstance(like, np.ndarray):
        return np.asarray(numbers, dtype)
    if not isinstance(numbers, np.ndarray):
        return numbers.astype(dtype, copy=False)
    return _kept(np.ascontiguousarray(numbers, dtype).tobytes(), numbers.shape, np.dtype(dtype), device_of(like))


@cache  # never dropped: a captured step may read it
def _kept(content: bytes, shape: tuple[int, ...], dtype: np.dtype, device: str) -> Array:
    return move(np.frombuffer(content, dtype).reshape(shape), device)


def _in_its_order(array: Array, copied: Callable[[Array], Array]) -> Array:
    """A copy of it, made of a C-contiguous view where its axes lie in another order, as in channels-last pictures."""
    if array.flags.c_contiguous or array.ndim < 2:
        return copied(array)
    axes = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
    return copied(array.transpose(axes)).transpose([axes.index(axis) for axis in range(array.ndim)])


@contextmanager
def memory_explained(operation: str) -> Iterator[None]:
    """Within this block an array that cannot be made on a GPU is an OutOfMemoryError."""
    try:
        yield
    except MemoryError as error:
        raise memory_error(operation, error) from None


def memory_error(operation: str, error: MemoryError, module: str = "") -> MemoryError:
    """CuPy's error as an OutOfMemoryError; any other as it is."""
    if not is_cupy(error):
        return error
    asked = str(error).partition("(")[0].strip()  # "Out of memory allocating 1,024 bytes"
    free, total = cupy().cuda.Device().mem_info
    used = cupy().get_default_memory_pool().used_bytes()
    told = f"{asked}; arrays occupy {_size(used)}, and {_size(free)} of the GPU's {_size(total)} are free"
    cure = "Take fewer or smaller pictures at a time; where nothing is to be learned, compute under tinyconv.no_grad()."
    ours = OutOfMemoryError(operation, f"{told}. {cure}")
    ours.told, ours.module = told, module
    return ours


def _size(n: int) -> str:
    return f"{n / 2**30:.1f} GiB" if n >= 2**30 else f"{n / 2**20:.0f} MiB"


# ---------------------------------------------------------------- engines


def check_engine(name: str) -> str:
    if name not in ENGINES:
        raise UnknownNameError("engine", "engine", name, ENGINES)
    return name


@contextmanager
def engine(name: str) -> Iterator[None]:
    """Choose how kernels run: `with tinyconv.engine("loops"): ...`

    loops  the textbook loops in plain Python, to read and to step through
    numpy  whole-array NumPy or CuPy: the definition
    numba  compiled CPU kernels, the default for arrays on the CPU
    cuda   CUDA C kernels, the default for arrays on a GPU

    A kernel without a version for the engine, or whose version does not take the arrays (their data
    type or device), runs its definition. The choice holds for this Python thread; TINYCONV_ENGINE
    chooses for a process.
    """
    token = _chosen_engine.set(check_engine(name))
    try:
        yield
    finally:
        _chosen_engine.reset(token)


def current_engine(array: Array | None = None) -> str:
    """The engine in force for an array (for the CPU if none is given)."""
    compiled = "numba" if array is None or isinstance(array, np.ndarray) else "cuda"
    chosen = _chosen_engine.get() or _engine_of_process() or compiled
    return "numpy" if chosen in ("numba", "cuda") and chosen != compiled else chosen


PRECISIONS = ("fast", "accurate")
_precision = "fast"


def set_precision(name: str) -> None:
    """How convolutions in float32 may round, in this process: "fast" or "accurate".

    fast      on a CPU Winograd's F(4x4, 3x3) and F(3x3, 3x3) too: errors two to four times those of a plain sum of
              products, which training does not notice; on a GPU TF32: factors rounded to 10 bits after the point
    accurate  plain sums, and on a CPU F(2x2, 3x3), whose errors are about the same
    float64 is always computed by plain sums.
    """
    global _precision
    if name not in PRECISIONS:
        raise UnknownNameError("set_precision", "precision", name, PRECISIONS)
    _precision = name


def get_precision() -> str:
    """ "fast", unless `set_precision` said otherwise."""
    return _precision


MATMUL_PRECISIONS = ("highest", "high")
_matmul_precision = "highest"


def set_float32_matmul_precision(name: str) -> None:
    """How products of float32 matrices may round on a GPU, those of dense layers too: "highest" or "high".

    highest  float32 throughout
    high     in TF32: factors rounded to 10 bits after the point, sums in float32
    Convolutions go by `set_precision`. The names are PyTorch's, and so are the two defaults.
    """
    global _matmul_precision
    if name not in MATMUL_PRECISIONS:
        raise UnknownNameError("set_float32_matmul_precision", "precision", name, MATMUL_PRECISIONS)
    _matmul_precision = name


def get_float32_matmul_precision() -> str:
    """ "highest", unless `set_float32_matmul_precision` said otherwise."""
    return _matmul_precision


@cache
def _engine_of_process() -> str | None:
    name = os.environ.get("TINYCONV_ENGINE")
    return check_engine(name) if name else None
