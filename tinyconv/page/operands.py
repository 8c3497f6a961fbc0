"""What the arithmetic of an operation needs besides its inputs: windows, axes, statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyconv.geometry import Window
from tinyconv.plots.style import cpu_array
from tinyconv.stepping import Event

Arguments = dict[str, Any]


def arguments_of(event: Event) -> Arguments:
    """The arguments of an operation as JSON has them; axes are counted without the batch."""
    plain = {name: _plain(value) for name, value in event.arguments.items() if name not in ("index", "window")}
    window = event.arguments.get("window")
    if isinstance(window, Window):
        (top, _), (left, _) = window.padding
        plain |= {name: getattr(window, name) for name in ("size", "stride", "dilation", "groups")}
        plain |= {"before": (top, left)}
    more = READERS.get(event.name, lambda event: {})(event)
    return {**{name: value for name, value in plain.items() if value is not None}, **more}


def _plain(value: Any) -> Any:
    """None where the page has no use for it."""
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (tuple, list)) and all(isinstance(v, int) for v in value):
        return list(value)
    return None


def _batch_norm(event: Event) -> Arguments:
    """Mean and variance: the running ones, or of the picture."""
    return {name: _numbers(cpu_array(event.arguments[name])) for name in ("mean", "var")}


def _divisor(event: Event) -> Arguments:
    """What the sums were divided by: one number, or one for each place (OH, OW)."""
    return {"divisor": _numbers(event.arguments["divisor"])}


def _axes(event: Event) -> Arguments:
    """`dim` without the batch's axis."""
    dim = event.arguments["dim"]
    return {"dim": dim - 1 if isinstance(dim, int) else [d - 1 for d in dim]}


def _index(event: Event) -> Arguments:
    """Slices as (start, step) of each axis behind the batch."""
    index = event.arguments["index"]
    ndim = event.inputs[0].ndim
    if not isinstance(index, tuple) or not all(isinstance(i, slice) for i in index):
        return {}
    sizes = event.inputs[0].shape
    slices = [*index, *[slice(None)] * (ndim - len(index))]
    return {"slices": [s.indices(n)[::2] for s, n in zip(slices, sizes, strict=True)][1:]}


def _numbers(array: Any) -> Any:
    """As JSON has them: None for what is not finite."""
    array = np.asarray(array, np.float64)
    known: Any = np.where(np.isfinite(array), array, None)
    return known.tolist()


READERS = {
    "avg_pool2d": _divisor,
    "batch_norm": _batch_norm,
    "cat": _axes,
    "sum": _axes,
    "getitem": _index,
}
