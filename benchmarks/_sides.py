"""The contenders for whole nets: each is built in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from _nets import Job
from _timing import Contender
from _training import keras, pytorch, tinyconv


@dataclass(frozen=True)
class Side:
    """A contender: what builds it, and the environment of its process."""

    build: Callable[..., Any]
    environment: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[str, ...] = ()  # that must be installed
    compiler: bool = False  # so must one for C++

    def missing(self) -> str:
        """What it needs and cannot find, if anything."""
        missing = [name for name in self.modules if importlib.util.find_spec(name) is None]
        if self.compiler and not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++"))):
            missing.append("a C++ compiler")
        return " and ".join(missing)


SIDES = {
    "tinyconv": Side(tinyconv),
    "tinyconv-numpy": Side(tinyconv, {"TINYCONV_ENGINE": "numpy"}),  # the definitions: im2col and BLAS
    "pytorch": Side(pytorch, modules=("torch",)),
    "pytorch-channels-last": Side(partial(pytorch, channels_last=True), modules=("torch",)),
    "pytorch-compile": Side(
        partial(pytorch, compiled=True),
        {"TORCHINDUCTOR_COMPILE_THREADS": "1"},  # in its own process: others would not stop with it
        modules=("torch",),
        compiler=True,
    ),
    "keras": Side(keras, {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}, modules=("keras", "tensorflow")),
}
DEFAULT = ["tinyconv", "pytorch", "pytorch-channels-last", "keras"]
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40)}  # glibc: hand nothing back


def contender(name: str, job: Job, threads: int, **options: Any) -> Contender:
    side = SIDES[name]
    return Contender(name, partial(side.build, **options), job, threads, environment=side.environment)
