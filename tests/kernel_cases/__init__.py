"""Arguments for every kernel. Each file here has a table CASES: kernel name -> list of Case."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Case:
    """One set of arguments of a kernel.

    label      what is special about it; distinct within one kernel
    arguments  from (rng, dtype), a new tuple of arguments with arrays of that dtype
    terms      how many numbers are added up to one result: it bounds the rounding error
    in_place   the kernel changes arrays among its arguments, and returns nothing
    """

    label: str
    arguments: Callable[[np.random.Generator, np.dtype], tuple]
    terms: int = 1
    in_place: bool = False


def all_cases() -> dict[str, list[Case]]:
    """The tables of all files in this folder, together."""
    cases: dict[str, list[Case]] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        table = importlib.import_module(module.name).CASES
        assert not cases.keys() & table.keys(), f"{module.name} has cases for a kernel that another file has too"
        cases |= table
    return cases


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    return rng.standard_normal(shape).astype(dtype)
