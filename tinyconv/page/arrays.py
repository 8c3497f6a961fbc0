"""Arrays as text: base64 of float32, in as many bytes and as many numbers as a page has room for."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import numpy as np

LETTERS = 4 / 3  # of base64 for a byte
LEAST = 4  # rows of a weight that are kept at least, however large it is


@dataclass(eq=False)
class Stored:
    """An array of the page, and how much of it is there.

    array    float32, of any shape
    derived  how the page makes it of other arrays: ("relu", i), ("where", dy, y), ("slice", i, start); None: embedded
    bytes    4: all of float32; 3: its first three bytes, rounded: 16 significant bits, a relative error of 2^-17
    kept     so many numbers from the first on; the others are left out
    spare    the page can work it out, so it is the first to be left out
    weight   a parameter: it is left out before maps are
    """

    array: np.ndarray
    derived: tuple | None = None
    bytes: int = 4
    kept: int = -1
    spare: bool = False
    weight: bool = False

    def __post_init__(self) -> None:
        self.kept = self.array.size

    @property
    def letters(self) -> float:
        """The room that it takes."""
        return 0 if self.derived else self.kept * self.bytes * LETTERS

    @property
    def rows(self) -> int:
        """How many of the first axis are kept."""
        return self.kept * len(self.array) // self.array.size if self.array.ndim else 1

    def to_dict(self) -> dict[str, Any]:
        about: dict[str, Any] = {"shape": self.array.shape}
        if self.derived:
            return {**about, "derived": self.derived}
        return {**about, "bytes": self.bytes, "kept": self.kept, "data": encode(self.array, self.bytes, self.kept)}


def encode(array: np.ndarray, bytes: int, kept: int) -> str:
    """The first numbers of an array as base64 of the leading bytes of each float32, the least significant first."""
    numbers = np.ascontiguousarray(array, "<f4").reshape(-1)[:kept]
    if bytes == 4:
        return base64.b64encode(numbers.tobytes()).decode()
    bits = numbers.view("<u4")
    rounded = np.where(np.isfinite(numbers), bits + np.uint32(0x80), bits)  # half of what is cut off
    return base64.b64encode(rounded.view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()).decode()


def fit(arrays: list[Stored], room: float) -> bool:
    """Shorten the largest arrays, one step at a time, until all take at most `room` letters; False: they cannot.

    What the page can work out goes first; then numbers lose their last byte, weights before maps; then weights and at
    last maps lose the second half of their rows.
    """
    for step in (_leave_out, _shorten_weight, _shorten, _halve_weight, _halve):
        while sum(a.letters for a in arrays) > room:
            largest = max((a for a in arrays if step(a, False)), key=lambda a: a.letters, default=None)
            if largest is None:
                break
            step(largest, True)
    return sum(a.letters for a in arrays) <= room


def _leave_out(a: Stored, do: bool) -> bool:
    """Can it be left out? Leave it out."""
    can = a.spare and a.letters > 0
    if can and do:
        a.kept = 0
    return can


def _shorten_weight(a: Stored, do: bool) -> bool:
    return a.weight and _shorten(a, do)


def _shorten(a: Stored, do: bool) -> bool:
    can = a.bytes == 4 and a.letters > 4096
    if can and do:
        a.bytes = 3
    return can


def _halve_weight(a: Stored, do: bool) -> bool:
    return a.weight and _halve(a, do)


def _halve(a: Stored, do: bool) -> bool:
    can = a.letters > 4096 and a.rows > LEAST
    if can and do:
        a.kept = max(LEAST, a.rows // 2) * (a.array.size // len(a.array))
    return can
