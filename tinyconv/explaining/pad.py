"""Borders around pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from .case import Case, explains, passes_on
from .terms import Column, Origin, Part, Sum, total

NUMPY: dict[str, Any] = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@passes_on("pad")
def pad(case: Case) -> Origin | Sum:
    mode = case.argument("mode")
    index = []
    for i, n, (before, after) in zip(case.at, case.x.shape, _widths(case, case.x.ndim), strict=True):
        if mode == "constant" and not before <= i < before + n:
            border = Column("value", values=case.argument("value") or 0)
            return total("y = x with a border", Part(border, note="padding"))
        index.append(i - before if mode == "constant" else int(_sources(n, before, after, mode)[i]))
    return Origin(case.x, tuple(index))


@explains("dy -> dx", "pad_input")
def pad_input(case: Case) -> Sum:
    mode, shape = case.argument("mode"), case.event.output.shape
    widths = _widths(case, len(shape))
    hits = [np.flatnonzero(_sources(n, a, b, mode) == i) for i, n, (a, b) in zip(case.at, shape, widths, strict=True)]
    dy = Column("dy", case.x, np.ix_(*hits))
    inside = [i + before for i, (before, _) in zip(case.at, widths, strict=True)]

    def note(place: tuple[int, ...]) -> str:
        return "" if [hit[j] for hit, j in zip(hits, place, strict=True)] == inside else "from the border"

    return total("dx = dy there, and wherever the border was made of this pixel", Part(dy, note=note))


def _sources(n: int, before: int, after: int, mode: str) -> np.ndarray:
    """Of which element each place along an axis was made."""
    return np.pad(np.arange(n), (before, after), NUMPY[mode]) if before or after else np.arange(n)


def _widths(case: Case, ndim: int) -> list[tuple[int, int]]:
    """(before, after) for each axis; the argument has pairs from the last axis backwards."""
    flat = case.argument("pad")
    pairs = list(zip(flat[::2], flat[1::2], strict=True))[::-1]
    return [(0, 0)] * (ndim - len(pairs)) + pairs
