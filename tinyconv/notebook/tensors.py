"""A tensor in a notebook."""

from __future__ import annotations

import math

import numpy as np

from tinyconv.backend import move
from tinyconv.graph.figures import number
from tinyconv.tensor import Tensor

from .charts import histogram
from .html import TRAINING, card, cell, head, table
from .thumbnails import image

ROWS, COLUMNS = 16, 12  # of a table of numbers, at most
PICTURES = 10
SMALLEST, LARGEST = 2, 512  # pixels a side of what is shown as pictures
SAMPLE = 1_000_000  # numbers that statistics look at, evenly spaced


def html(x: Tensor) -> str:
    """All numbers in a table if they have room; otherwise pictures, if it has their shape, and statistics."""
    title = "×".join(map(str, x.shape)) or "of one number"
    device = "" if x.device == "cpu" else x.device
    made = x.grad_fn.name if x.grad_fn is not None else ""
    notes = [str(x.dtype), device, f"from {made}" if made else "", "requires_grad" * (x.requires_grad and not made)]
    top = head(f"{type(x).__name__} {title}", notes)
    if x.numel() == 0:
        return card(top, '<span class="tcn-pale">no numbers</span>')
    if x.ndim <= 2 and math.prod(x.shape[:-1]) <= ROWS and (x.shape or (1,))[-1] <= COLUMNS:
        return card(top, _numbers(move(x.data, "cpu").reshape(-1, (x.shape or (1,))[-1])))
    every = -(-x.numel() // SAMPLE)
    some = move(x.data.reshape(-1)[::every], "cpu")
    some = np.abs(some) if some.dtype.kind == "c" else some
    finite = some[np.isfinite(some)].astype(np.float64)
    shown = _pictures(x, finite) if _is_pictures(x) else ""
    return card(top, shown, _statistics(some, finite, every > 1))


def _numbers(array: np.ndarray) -> str:
    sizes = np.abs(array.astype(np.complex128 if array.dtype.kind == "c" else np.float64))
    largest = float(sizes[np.isfinite(sizes)].max(initial=0)) or 1.0
    rows = [[_cell(n.item(), largest) for n in row] for row in array]
    return table([], rows)


def _cell(n: complex, largest: float) -> str:
    if isinstance(n, complex):
        return cell(f"{n:.4g}")
    share = n / largest if math.isfinite(n) and not isinstance(n, bool) else 0.0
    return cell(number(n), share)


def _is_pictures(x: Tensor) -> bool:
    return x.ndim in (3, 4) and x.dtype.kind in "fu" and all(SMALLEST <= n <= LARGEST for n in x.shape[-2:])


def _pictures(x: Tensor, finite: np.ndarray) -> str:
    """The first pictures, grey or in colours; of one with other channels, the first channels."""
    maps = x.data if x.ndim == 4 else x.data[:, None] if x.shape[0] not in (1, 3) else x.data[None]
    what, first = "picture", maps
    if maps.shape[1] not in (1, 3):
        what, first = "channel", maps[0][:, None]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    tiles = [tile[0] if len(tile) == 1 else tile for tile in move(first[:PICTURES], "cpu")]
    images = "".join(image(tile, low, high, f"{what} {i}") for i, tile in enumerate(tiles))
    some = f"the first {len(tiles)} of {len(first)} {what}s" if len(first) > len(tiles) else f"{len(first)} {what}s"
    of = f"{some} of picture 0" if what == "channel" and x.ndim == 4 else some
    return f'<div class="tcn-strip">{images}</div><span class="tcn-pale">{of}</span>'


def _statistics(some: np.ndarray, finite: np.ndarray, sampled: bool) -> str:
    nan, infinite = int(np.isnan(some).sum()), int(np.isinf(some).sum())
    bad = [f"{nan:,} NaN" * bool(nan), f"{infinite:,} infinite" * bool(infinite)]
    if not finite.size:
        return head("", bad)
    zeros = float((finite == 0).mean())
    figures = [
        f"{number(float(finite.min()), 3)} .. {number(float(finite.max()), 3)}",
        f"mean {number(float(finite.mean()), 3)}",
        f"std {number(float(finite.std()), 3)}",
        f"{zeros:.1%} zeros" * (zeros >= 0.001),
        *bad,
        f"of {some.size:,} numbers, evenly spaced" * sampled,
    ]
    return histogram(finite, TRAINING) + head("", figures)
