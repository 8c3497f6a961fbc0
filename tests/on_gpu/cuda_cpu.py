"""CUDA C++ compiled with g++ and run on the CPU, behind the interface of CuPy's RawModule.

    module = RawModule(code=text, name_expressions=("relu<float>",))
    module.get_function("relu<float>")((grid,), (block,), (np.int64(n), y, x), shared_mem=0)

A block's threads take turns on one processor, in the order that CUDA_CPU_ORDER names (forward, reverse,
random:SEED): a missing barrier gives other results in another order. Arrays are NumPy arrays, or anything with
one in `_cuda_cpu_array`. Scalars are packed as CuPy packs them. An argument that is not of its parameter's type
is a TypeError; on a GPU it would be garbage. cuda_cpu.h says what else is found.
"""

import ctypes
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
COMPILER = shutil.which("g++")
FLAGS = (
    *("-std=c++20", "-O1", "-g1", "-fPIC", "-shared", "-w", "-U_FORTIFY_SOURCE"),
    *("-ffp-contract=off", "-ftrivial-auto-var-init=pattern"),
)
EXTRA = tuple(os.environ.get("CUDA_CPU_FLAGS", "").split())  # -fsanitize=address
KERNEL = re.compile(
    r'(template\s*<[^{};]*>\s*)?(?:extern\s+"C"\s+)?__global__\s+void\s+(?:__launch_bounds__\s*\([^)]*\)\s*)?(\w+)\s*\('
)
DYNAMIC = re.compile(r"extern\s+__shared__\s+(?:__align__\(\d+\)\s+)?([\w:]+(?:\s+[\w:]+)?)\s+(\w+)\s*\[\s*\]\s*;")
STATIC = re.compile(r"__shared__\s+(?:__align__\(\d+\)\s+)?([A-Za-z_][\w:<>]*(?:\s+int|\s+char|\s+long)?)\s+([^;]+);")


class RawModule:
    """The kernels of one text, each template once for every name expression."""

    def __init__(self, *, code, options=(), name_expressions=()):
        text, self.names = translated(code, tuple(name_expressions or ()))
        self.library = ctypes.CDLL(str(built(text, [*FLAGS, *EXTRA, *(o for o in options if o.startswith("-D"))])))

    def get_function(self, name):
        number = self.names.index(name)
        launch, signature = (self.library[f"cuda_cpu_{what}_{number}"] for what in ("launch", "signature"))
        launch.restype = signature.restype = ctypes.c_char_p
        return RawKernel(name, launch, re.findall(r"P.|s\d+|.", signature().decode()))


class RawKernel:
    """One kernel: called with grid, block and arguments."""

    def __init__(self, name, launch, parameters):
        self.name, self.launch, self.parameters = name, launch, parameters

    def __call__(self, grid, block, args, *, shared_mem=0):
        if len(args) != len(self.parameters):
            raise TypeError(f"{self.name}: {len(args)} arguments for {len(self.parameters)} parameters")
        boxes, pointers = [], (ctypes.c_void_p * len(args))()
        for i, (argument, parameter) in enumerate(zip(args, self.parameters, strict=True)):
            boxes.append(packed(argument, parameter, f"{self.name}: argument {i}"))
            pointers[i] = ctypes.cast(ctypes.byref(boxes[-1]), ctypes.c_void_p)
        grid, block = ((ctypes.c_uint * 3)(*(*size, 1, 1)[:3]) for size in (grid, block))
        error = self.launch(grid, block, shared_mem, pointers)
        if error:
            raise RuntimeError(f"{self.name}: {error.decode()}")


def packed(argument, parameter, where):
    """The argument in memory, as a launch passes it; TypeError unless it is what the parameter (letters) takes."""
    array = getattr(argument, "_cuda_cpu_array", argument)
    if isinstance(array, np.ndarray) and array.dtype.kind == "V":  # of one element: a struct, by value
        if parameter != f"s{array.nbytes}":
            raise TypeError(f"{where} is a struct of {array.nbytes} bytes, the parameter is '{parameter}'")
        return ctypes.create_string_buffer(array.tobytes())
    if isinstance(array, np.ndarray):
        if parameter[0] != "P":
            raise TypeError(f"{where} is an array, the parameter is '{parameter}'")
        if parameter[1] not in ("v", letter(array.dtype)):
            raise TypeError(f"{where} is an array of {array.dtype}, the parameter is '{parameter}'")
        return ctypes.c_void_p(array.ctypes.data)
    if parameter[0] == "P" and argument == np.uint64(0):
        return ctypes.c_void_p(0)
    if not isinstance(argument, np.generic):  # as CuPy does it
        argument = (np.bool_ if isinstance(argument, bool) else np.int64 if isinstance(argument, int) else np.float64)(
            argument
        )
    if letter(argument.dtype) != parameter:
        raise TypeError(f"{where} is {argument.dtype}, the parameter is '{parameter}'")
    return ctypes.create_string_buffer(argument.tobytes())


def letter(dtype):
    return dtype.char.replace("l", "q").replace("L", "Q")


def translated(code, name_expressions):
    """C++ for the CPU, and the names of its kernels: shared variables become filled ones, launches get entries."""
    code = DYNAMIC.sub(r"CUDA_CPU_DYN_SHARED(\1, \2);", code)
    code = STATIC.sub(lambda found: " ".join(shared_variables(found[1], found[2])), code)
    plain = re.sub(r"//[^\n]*|/\*.*?\*/", " ", code, flags=re.S)
    names = [found[2] for found in KERNEL.finditer(plain) if not found[1]]
    names += [name for name in name_expressions if name not in names]
    entries = "".join(
        f'extern "C" const char *cuda_cpu_launch_{i}(const unsigned *grid, const unsigned *block, unsigned dyn, '
        f"void **args) {{ return cuda_cpu::launch({name}, grid, block, dyn, args); }}\n"
        f'extern "C" const char *cuda_cpu_signature_{i}() {{ return cuda_cpu::signature({name}); }}\n'
        for i, name in enumerate(names)
    )
    return f'#include "cuda_cpu.h"\n#line 1 "kernel.cu"\n{code}\n#line 1 "entries"\n{entries}', names


def shared_variables(type_, declarators):
    """One declaration for each of `a[4], b[2][3]`."""
    for declarator in re.split(r",(?![^\[]*\])", declarators):
        name, sizes = re.fullmatch(r"\s*(\w+)\s*(.*?)\s*", declarator, flags=re.S).groups()
        yield f"static cuda_cpu::Shared<{type_}{sizes}> {name}_shared; auto &{name} = {name}_shared.v;"


def built(text, flags):
    """The path of the library, compiled if it is not there yet."""
    folder = Path(tempfile.gettempdir()) / "cuda_cpu_cache"
    folder.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256("\0".join([text, *flags, (HERE / "cuda_cpu.h").read_text()]).encode()).hexdigest()[:24]
    library = folder / f"{key}.so"
    if not library.exists():
        source, new = folder / f"{key}.cpp", folder / f"{key}.{os.getpid()}.so"
        source.write_text(text)
        done = subprocess.run([COMPILER, *flags, f"-I{HERE}", "-o", new, source], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        os.replace(new, library)
    return library
