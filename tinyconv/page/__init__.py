"""One HTML file in which a person can walk through their own net, forward and backward, number by number."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.geometry import is_whole
from tinyconv.nn import Module
from tinyconv.plots.style import cpu_array
from tinyconv.tensor import Operand
from tinyconv.train.files import FilePath, write_atomically

from .document import assemble
from .record import gather

__all__ = ["explain_html"]


def explain_html(
    model: Module,
    x: Operand,
    y: int | None = None,
    path: FilePath | None = None,
    *,
    classes: Sequence[str] = (),
    title: str | None = None,
) -> str | Path:
    """A page of one's own net: one HTML file that opens offline, with one picture's way forward and back.

    model    gives logits (1, K) for a picture; it runs in evaluation mode and is afterwards as it was
    x        the picture (C, H, W) or (1, C, H, W), as the net takes it
    y        its class; None: the one that the net takes it for. The loss is the cross entropy
    path     where to write it; None: the page is returned as text, otherwise the path
    classes  names of the classes      title  of the page; the net's class if None
    A page is below 5 MB: of large nets some numbers are rounded or left out, and the page says which.
    Raises ShapeError, DTypeError, ArgumentError (a class that the net has not, a net too large for a page).
    """
    if not isinstance(model, Module):
        raise ArgumentError("explain_html", f"model is {type(model).__name__}; it must be a Module.")
    record = gather(model, _picture(x), _label(y))
    names = _names(classes, record.classes)
    page = assemble(record, names, title or type(model).__name__, given=y is not None)
    if path is None:
        return page
    write_atomically(path, page)
    return Path(os.fspath(path))


def _picture(x: Operand) -> np.ndarray:
    """(C, H, W) in floating point."""
    array = cpu_array(x)
    if array.dtype.kind not in "fiu":
        raise DTypeError("explain_html", f"x is {array.dtype}; it must be a picture of numbers, as the net takes it.")
    array = array[0] if array.ndim == 4 and len(array) == 1 else array
    if array.ndim != 3 or not array.size:
        raise ShapeError("explain_html", f"x has shape {array.shape}; it must be one picture: (C, H, W).")
    return array


def _label(y: Any) -> int | None:
    if y is None:
        return None
    number = cpu_array(y).reshape(-1)[0] if getattr(y, "shape", None) in ((), (1,)) else y
    if not is_whole(number):
        raise ArgumentError("explain_html", f"y is {y!r}; it must be the number of a class, or None.")
    return int(number)


def _names(classes: Sequence[str], K: int) -> list[str]:
    """A name for each class: its number, unless names are given."""
    if classes and len(classes) != K:
        raise ArgumentError("explain_html", f"classes has {len(classes)} names; the net has {K} classes.")
    return [str(name) for name in classes] if classes else [str(k) for k in range(K)]
