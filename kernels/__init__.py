"""Kernels: arrays in, arrays out. Each has one definition and, beside it, faster or plainer versions.

    kernels/pool.py         the definition, in whole-array NumPy or CuPy (`xp`)
    kernels/pool_loops.py   the textbook loops in plain Python
    kernels/pool_numba.py   compiled for the CPU

A version has the definition's name and arguments. It may only replace the definition: delete every
version and the library still trains. One that does not take the arrays (their data type, say) returns
NotImplemented, and the definition runs.
"""

from __future__ import annotations

if __name__ != "tinyconv.kernels":
    raise ImportError("import this folder as tinyconv.kernels")

import importlib
import importlib.util
import inspect
import warnings
from collections.abc import Callable
from functools import cache, update_wrapper
from typing import Any

from tinyconv.backend import current_engine, on_its_gpu


class Kernel:
    """A definition, and the one place where another version of it may be chosen."""

    all: dict[str, Kernel] = {}

    def __init__(self, definition: Callable[..., Any]):
        update_wrapper(self, definition)
        self.definition = definition
        self.name = definition.__name__
        self.versions: dict[str, Callable[..., Any]] = {"numpy": definition}
        Kernel.all[self.name] = self

    def __call__(self, array: Any, *args: Any) -> Any:
        engine = current_engine(on_its_gpu(array[0] if type(array) is list else array))
        version = self.versions.get(engine) or self.load(engine)
        result = version(array, *args)
        return self.definition(array, *args) if result is NotImplemented else result

    def load(self, engine: str) -> Callable[..., Any]:
        """Find this kernel in the engine's neighbouring file; the definition stands in where it is missing."""
        module = _neighbour(self.definition.__module__, engine)
        version = getattr(module, self.name, None) or self.definition
        if _arguments(version) != _arguments(self.definition):
            raise TypeError(f"the {engine} version of {self.name} has other arguments than its definition")
        self.versions[engine] = version
        return version

    def has(self, engine: str) -> bool:
        """Is there a version of its own for this engine?"""
        return engine == "numpy" or self.load(engine) is not self.definition


def kernel(definition: Callable[..., Any]) -> Kernel:
    """Decorator: make a function of arrays a kernel."""
    return Kernel(definition)


def _arguments(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def _neighbour(module: str, engine: str) -> Any:
    """The file `<family>_<engine>.py` beside a definition, or None."""
    name = f"{module}_{engine}"
    if importlib.util.find_spec(name) is None or (engine == "numba" and not _numba_works()):
        return None
    return importlib.import_module(name)


@cache
def _numba_works() -> bool:
    try:
        importlib.import_module("numba")
    except ImportError as error:  # not installed, or it does not support the installed NumPy
        cure = "To mend it: pip install --upgrade numba"
        warnings.warn(f"tinyconv runs on plain NumPy, several times slower ({error}). {cure}", stacklevel=2)
        return False
    return True


from .activation import (  # noqa: E402
    leaky_relu,
    leaky_relu_input,
    log_softmax,
    relu,
    relu_input,
    sigmoid,
    sigmoid_input,
    softmax,
    tanh,
    tanh_input,
)
from .activation_piecewise import elu, elu_input, prelu, relu6, relu6_input  # noqa: E402
from .activation_smooth import normal_cdf, silu, silu_input, softplus  # noqa: E402
from .adaptive_pool import adaptive_avg_pool2d, adaptive_avg_pool2d_input, adaptive_max_pool2d  # noqa: E402
from .arithmetic import add  # noqa: E402
from .colour import jitter_colours, shift_colours  # noqa: E402
from .conv import conv2d, conv2d_input, conv2d_weight  # noqa: E402
from .dropout import dropout, survivors_gain  # noqa: E402
from .im2col import col2im, im2col  # noqa: E402
from .interpolate import resample  # noqa: E402
from .local_response_norm import local_response_norm, local_response_norm_input  # noqa: E402
from .loss import cross_entropy, cross_entropy_labels, cross_entropy_labels_input  # noqa: E402
from .matmul import matmul  # noqa: E402
from .mix import mix_pictures  # noqa: E402
from .norm import batch_norm, batch_norm_input, batch_norm_stats  # noqa: E402
from .optim import adadelta, adagrad, adam, rmsprop, sgd  # noqa: E402
from .pick import pick_pixels  # noqa: E402
from .places import from_places, to_places  # noqa: E402
from .pool import avg_pool2d, avg_pool2d_input, max_pool2d, max_pool2d_gather, max_pool2d_input  # noqa: E402
from .resize import resize  # noqa: E402
from .roi import roi_align, roi_align_input, roi_pool  # noqa: E402
from .standardize import standardize  # noqa: E402
from .sums import channel_sums  # noqa: E402
from .tanh_pool import tanh_avg_pool2d, tanh_avg_pool2d_input  # noqa: E402
from .vector_norms import vector_norms  # noqa: E402
from .warp import affine_warp  # noqa: E402

__all__ = [
    "Kernel",
    "adadelta",
    "adagrad",
    "adam",
    "add",
    "affine_warp",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_input",
    "adaptive_max_pool2d",
    "avg_pool2d",
    "avg_pool2d_input",
    "batch_norm",
    "batch_norm_input",
    "batch_norm_stats",
    "channel_sums",
    "col2im",
    "conv2d",
    "conv2d_input",
    "conv2d_weight",
    "cross_entropy",
    "cross_entropy_labels",
    "cross_entropy_labels_input",
    "dropout",
    "elu",
    "elu_input",
    "from_places",
    "im2col",
    "jitter_colours",
    "kernel",
    "leaky_relu",
    "leaky_relu_input",
    "local_response_norm",
    "local_response_norm_input",
    "log_softmax",
    "matmul",
    "max_pool2d",
    "max_pool2d_gather",
    "max_pool2d_input",
    "mix_pictures",
    "normal_cdf",
    "pick_pixels",
    "prelu",
    "relu",
    "relu6",
    "relu6_input",
    "relu_input",
    "resample",
    "resize",
    "rmsprop",
    "roi_align",
    "roi_align_input",
    "roi_pool",
    "shift_colours",
    "sgd",
    "sigmoid",
    "sigmoid_input",
    "silu",
    "silu_input",
    "softmax",
    "softplus",
    "standardize",
    "survivors_gain",
    "tanh",
    "tanh_avg_pool2d",
    "tanh_avg_pool2d_input",
    "tanh_input",
    "to_places",
    "vector_norms",
]
