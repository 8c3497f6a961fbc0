"""tinyconv: a convolutional-network engine to read, to step through, and to train with.

Tensor, `backward` and the operations are here; layers in `tinyconv.nn`, optimisers in `tinyconv.optim`,
architectures in `tinyconv.models`, pictures in `tinyconv.data`, the training loop in `tinyconv.train`, what comes after
it in `tinyconv.evaluation`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from . import threads as threads  # before NumPy is loaded: see there

from ._checkout import link_kernels  # isort: skip

link_kernels()

from . import cuda, errors, filters, nn, ops, optim, random, stepping
from . import graph as graph  # Tensor.graph
from . import notebook as notebook  # what tensors and modules look like there
from ._version import __version__ as __version__
from .anomaly import detect_anomaly
from .backend import engine, set_float32_matmul_precision, set_precision
from .creation import arange, from_numpy, full, ones, ones_like, rand, randn, tensor, zeros, zeros_like
from .dtypes import float16, float32, float64, int32, int64, uint8
from .gradcheck import gradcheck, gradgradcheck
from .memory import empty_cache, memory_stats
from .observe import on_operation
from .ops import *  # noqa: F403  # the operations that ops.__all__ lists
from .random import manual_seed
from .stepping import trace
from .tape import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .tensor import Tensor, grad
from .threads import get_num_threads, set_num_threads

if TYPE_CHECKING:
    from . import data, evaluation, models, plots, train
    from .explaining import explain
    from .page import explain_html

__all__ = [
    "Tensor",
    "arange",
    "data",
    "detect_anomaly",
    "empty_cache",
    "enable_grad",
    "engine",
    "cuda",
    "errors",
    "evaluation",
    "explain",
    "explain_html",
    "filters",
    "float16",
    "float32",
    "float64",
    "from_numpy",
    "full",
    "get_num_threads",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "int32",
    "int64",
    "is_grad_enabled",
    "manual_seed",
    "memory_stats",
    "models",
    "nn",
    "no_grad",
    "on_operation",
    "ones",
    "ones_like",
    "ops",
    "optim",
    "plots",
    "rand",
    "randn",
    "random",
    "set_grad_enabled",
    "set_num_threads",
    "set_float32_matmul_precision",
    "set_precision",
    "stepping",
    "tensor",
    "trace",
    "train",
    "uint8",
    "zeros",
    "zeros_like",
]
__all__ += ops.__all__


_LATER = {"explain": ".explaining", "explain_html": ".page"}


def __getattr__(name: str) -> Any:
    """The zoo's many files, pictures, and what trains nets on them, are loaded when somebody asks for them."""
    if name in ("data", "evaluation", "models", "plots", "train"):
        return importlib.import_module(f".{name}", __name__)
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
