"""Indexing, and the way back of its gradient."""

from __future__ import annotations

import math

import numpy as np

from tinyconv.backend import is_cupy, move
from tinyconv.tensor import Tensor, array_of

from .case import Case, explains, passes_on
from .terms import Column, Origin, Part, Sum, total


@passes_on("getitem")
def getitem(case: Case) -> Origin:
    flat = int(_places(case.x.shape, case.argument("index"))[case.at])
    return Origin(case.x, tuple(int(i) for i in np.unravel_index(flat, case.x.shape)))


@explains("dy -> dx", "put")
def put(case: Case) -> Sum:
    shape = case.event.output.shape
    flat = np.ravel_multi_index(case.at, shape) if case.at else 0
    places = np.broadcast_to(_places(shape, case.argument("index")), case.x.shape)
    return total("dx = sum of dy over all places that were taken from here", *marked("dy", case.x, places == flat))


def marked(letter: str, x: Tensor, hit: np.ndarray) -> list[Part]:
    """The elements of x at the places that are marked."""
    if not x.ndim:
        return [Part(Column(letter, x))] if hit else []
    return [Part(Column(letter, x, np.nonzero(hit)))]


def _places(shape: tuple[int, ...], index: tuple) -> np.ndarray:
    """x[index] of an x that holds its own places in memory"""
    parts = tuple(move(part, "cpu") if is_cupy(part) else part for part in array_of(index))
    return np.asarray(np.arange(math.prod(shape)).reshape(shape)[parts])
