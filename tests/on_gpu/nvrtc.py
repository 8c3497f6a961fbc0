"""NVIDIA's compiler for CUDA C++ as CuPy uses it, called without CuPy, a driver, or a GPU."""

import ctypes
import importlib.util
from pathlib import Path

ARCHITECTURES = (70, 75, 80, 86, 89, 90)  # Volta, Turing, Ampere twice, Ada, Hopper
OPTIONS = ("--std=c++17", "--device-as-default-execution-space")
QUICKLY = ("--Ofast-compile=max",)  # in a quarter of the time, with less optimisation


def library():
    """The path of NVRTC 12 in the package nvidia-cuda-nvrtc-cu12 (13 has lost sm_70), or None."""
    try:
        package = importlib.util.find_spec("nvidia.cuda_nvrtc")
    except ModuleNotFoundError:
        return None
    folders = package.submodule_search_locations if package else []
    return next((str(path) for folder in folders for path in Path(folder).glob("lib/libnvrtc.so.12")), None)


class Compiler:
    def __init__(self, path):
        self.nvrtc = ctypes.CDLL(path)
        self.nvrtc.nvrtcGetErrorString.restype = ctypes.c_char_p

    def cubin(self, text, architecture, names, more_options=()):
        """The machine code of these kernels (C++ names: "relu<float>"); RuntimeError with the compiler's words."""
        program = ctypes.c_void_p()
        self._check(self.nvrtc.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"kernel.cu", 0, None, None))
        try:
            for name in names:
                self._check(self.nvrtc.nvrtcAddNameExpression(program, name.encode()))
            options = [option.encode() for option in (f"--gpu-architecture=sm_{architecture}", *OPTIONS, *more_options)]
            code = self.nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
            self._check(code, lambda: self._text(program, "ProgramLog").decode())
            return self._text(program, "CUBIN")
        finally:
            self.nvrtc.nvrtcDestroyProgram(ctypes.byref(program))

    def _check(self, code, log=lambda: ""):
        if code:
            raise RuntimeError(f"{self.nvrtc.nvrtcGetErrorString(code).decode()}\n{log()}")

    def _text(self, program, what):
        size = ctypes.c_size_t()
        self._check(getattr(self.nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size)))
        text = ctypes.create_string_buffer(size.value)
        self._check(getattr(self.nvrtc, f"nvrtcGet{what}")(program, text))
        return text.raw
