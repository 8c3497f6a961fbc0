"""What a picture says of an array: all its numbers if they are few, otherwise the smallest, the mean, the largest."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tinyconv.backend import Array, array_module, move

ROWS, COLUMNS = 4, 5  # of numbers, at most


@dataclass
class Figures:
    """rows     of numbers, as text;   signs  how large each is among them, from -1 to 1; [] if there are too many
    range   "-0.31 .. 0.44, mean 0.02"; "" if all are shown
    warning "3 NaN", "1 infinite"
    """

    rows: list[list[str]]
    signs: list[list[float]]
    range: str = ""
    warning: str = ""

    def __str__(self) -> str:
        text = self.range or "; ".join(", ".join(row) for row in self.rows)
        return ", ".join(filter(None, (text, self.warning)))


def figures(array: Array) -> Figures:
    """Of an array on any device; of complex numbers, how large they are."""
    table = _table(array.shape)
    if table is not None:
        numbers = np.abs(move(array, "cpu")) if array.dtype.kind == "c" else move(array, "cpu")
        numbers = numbers.reshape(table).astype(np.float64) if numbers.dtype.kind == "f" else numbers.reshape(table)
        largest = max((abs(float(n)) for n in numbers.flat if math.isfinite(n)), default=0) or 1.0
        signs = [[float(np.clip(np.nan_to_num(float(n)) / largest, -1, 1)) for n in row] for row in numbers]
        return Figures([[number(n.item()) for n in row] for row in numbers], signs)
    if array.size == 0:
        return Figures([], [], "empty")
    xp = array_module(array)
    wide = abs(array) if array.dtype.kind == "c" else array
    finite = xp.isfinite(wide)
    nan, infinite = int(xp.isnan(wide).sum()), int(xp.isinf(wide).sum())
    warning = ", ".join([f"{nan:,} NaN"] * bool(nan) + [f"{infinite:,} infinite"] * bool(infinite))
    some = wide[finite] if warning else wide
    if some.size == 0:
        return Figures([], [], warning)
    low, high, mean = (float(n) for n in (some.min(), some.max(), some.astype(np.float64).mean()))
    return Figures([], [], f"{number(low, 3)} .. {number(high, 3)}, mean {number(mean, 3)}", warning)


def number(x: float, digits: int = 4) -> str:
    """So many significant digits."""
    text = f"{x:.{digits}g}" if isinstance(x, float) else str(x)
    return text.replace("e+", "e").replace("e0", "e").replace("e-0", "e-")


def _table(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Rows and columns in which all numbers have room; None if they have not."""
    sizes = [n for n in shape if n != 1]
    if 0 in shape or len(sizes) > 2:
        return None
    rows, columns = [1, 1, *sizes][-2:]
    return (rows, columns) if rows <= ROWS and columns <= COLUMNS else None
