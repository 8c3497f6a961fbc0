"""What all CUDA kernels share: the text beside them, compiled when it is first needed, and their launches.

    program = Program("activation")           # activation.cu
    _relu = program.kernel("relu")            # template <typename T> __global__ void relu(Size n, T* y, const T* x)
    _relu(x.size, y, x)                       # a thread for each of n elements, T being the type of y
    _softmax.rows(n, K, y, x)                 # or a warp for each of n rows of K numbers
    _pool.on(blocks, 128, ...)                # or so many blocks of so many threads

An array is passed as its address, so it must lie as the kernel expects. Counts, which come first, become Size, other
whole numbers of Python int, its floating-point numbers real<T>. None is a null pointer. A NumPy array of one element
of a structured type is passed by value.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tinyconv.backend import Array, cupy
from tinyconv.errors import DeviceError

HERE = Path(__file__).parent
NAMES = {"float16": "float16", "float32": "float", "float64": "double", "uint8": "unsigned char", "int64": "long long"}
FLOATS = ("float32", "float64", "float16")
OPTIONS = ("-std=c++17",)
THREADS = 256  # in a block, where nothing speaks for another number
BLOCKS = 4096  # at most, where threads take turns: more than any GPU runs at a time


class Program:
    """The kernels of one .cu file. NVRTC compiles them for a data type and a GPU; CuPy keeps the result on disk."""

    all: dict[str, Program] = {}

    def __init__(self, name: str, dtypes: tuple[str, ...] = FLOATS, parts: tuple[str, ...] = ()):
        self.name, self.dtypes = name, tuple(map(np.dtype, dtypes))
        self.parts = ("_prelude", *parts, name)
        self.kernels: dict[str, tuple[np.dtype, ...]] = {}
        Program.all[name] = self

    def kernel(self, name: str, dtypes: tuple[str, ...] | None = None) -> Launcher:
        """A kernel of this file: "relu" is relu<T>, and "conv<{T}, 64>" is as it stands, with T put in."""
        template = name if "<" in name else f"{name}<{{T}}>"
        self.kernels[template] = self.dtypes if dtypes is None else tuple(map(np.dtype, dtypes))
        return Launcher(self, template)

    def takes(self, *arrays: Array | None) -> bool:
        """Are they all of one data type, and is it one of this file's?"""
        dtypes = {a.dtype for a in arrays if a is not None}
        return len(dtypes) == 1 and dtypes <= set(self.dtypes)

    def text(self) -> str:
        """The whole CUDA C++ source."""
        return "".join((HERE / f"{name}.cu").read_text(encoding="utf-8") for name in self.parts)

    def names(self, dtype: np.dtype) -> list[str]:
        """All kernels for one data type, as C++ names them."""
        return [self.name_of(template, dtype) for template, dtypes in self.kernels.items() if dtype in dtypes]

    def name_of(self, template: str, dtype: np.dtype) -> str:
        return template.replace("{T}", NAMES[dtype.name])


class Launcher:
    """One kernel, to be launched for arrays of any of its program's data types."""

    def __init__(self, program: Program, template: str):
        self.program, self.template = program, template

    def __call__(self, n: int, *arguments: Any, dtype: Any = None) -> None:
        """A thread for each of n elements."""
        if n:
            self.on(min(-(-n // THREADS), BLOCKS), THREADS, np.int64(n), *arguments, dtype=dtype)

    def rows(self, n: int, K: int, *arguments: Any) -> None:
        """A warp for each of n rows of K numbers, four warps in a block."""
        if n:
            self.on(min(-(-n // 4), BLOCKS), 128, np.int64(n), np.int64(K), *arguments)

    def on(
        self, blocks: int | tuple[int, ...], threads: int, *arguments: Any, shared: int = 0, dtype: Any = None
    ) -> None:
        """A grid of blocks of threads; `shared` bytes of memory that a block's threads share; T is `dtype`, or else
        that of the first array."""
        grid = blocks if isinstance(blocks, tuple) else (blocks,)
        dtype = dtype or next(a.dtype for a in arguments if hasattr(a, "strides") and a.dtype in self.program.dtypes)
        xp = cupy()
        function = _compiled(xp, xp.cuda.runtime.getDevice(), self.program, self.template, dtype)
        function(grid, (threads,), tuple(_scalars(arguments, dtype)), shared_mem=shared)


def compute_capability() -> int:
    """Of the GPU in use: 90 is 9.0."""
    return _capability(cupy().cuda.runtime.getDevice())


@cache
def _capability(device: int) -> int:
    return int(cupy().cuda.Device(device).compute_capability)


def _scalars(arguments: tuple, dtype: np.dtype) -> Any:
    real = np.float64 if dtype == np.float64 else np.float32
    for a in arguments:
        if type(a) is bool:
            yield np.bool_(a)
        elif type(a) is int:
            yield np.int32(a)
        elif type(a) is float:
            yield real(a)
        elif a is None:
            yield np.uint64(0)
        else:
            yield a


@cache
def _compiled(xp: ModuleType, device: int, program: Program, template: str, dtype: np.dtype) -> Any:
    """A kernel for one data type, ready for the GPU in use. Each is compiled by itself: few of a file are needed."""
    name = program.name_of(template, dtype)
    try:
        return xp.RawModule(code=program.text(), options=OPTIONS, name_expressions=(name,)).get_function(name)
    except (ImportError, RuntimeError) as error:  # CuPy's DynamicLibNotFoundError is a RuntimeError
        if "nvrtc" not in str(error).lower():
            raise
        raise DeviceError(
            "cuda",
            f"NVRTC, which compiles the kernels of {program.name}.cu, is missing ({error}). "
            "Install it with: pip install 'tinyconv[cuda13]' (or cuda12)",
        ) from None
