"""Borders around pictures: of one value, or made of the picture itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError
from tinyconv.geometry import is_whole
from tinyconv.memory import empty_like
from tinyconv.tensor import Operand, Tensor, as_tensor, record

MODES = ("constant", "reflect", "replicate", "circular")
PADDING_MODES = {"zeros": "constant", **{mode: mode for mode in MODES[1:]}}  # as convolution layers call them

Widths = tuple[tuple[int, int], ...]  # before and after, for each axis


def pad(input: Operand, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """y = x with a border,   dx = dy without it, what fell into the border added to the pixels that it was made of

    pad   (left, right), or (left, right, top, bottom), ...: pairs from the last axis backwards, as in PyTorch
    mode  a b c with a border of 2 is   constant: v v a b c v v    (v = value, 0 if None)
          reflect: c b a b c b a        replicate: a a a b c c c        circular: b c a b c a b
    Raises ArgumentError, ShapeError, UnknownNameError.
    """
    x, widths = as_tensor(input), _checked(as_tensor(input), pad, mode, value)
    y = empty_like(x.data, tuple(n + before + after for n, (before, after) in zip(x.shape, widths, strict=True)))
    if mode == "constant":
        y[...] = value or 0
    y[_inside(widths, x.shape)] = x.data
    for border, source in _borders(widths, x.shape, mode):
        y[border] = y[source]
    X = x.shape
    return record("pad", y, (x, lambda dy: pad_input(dy, widths, X, mode)), pad=tuple(pad), mode=mode, value=value)


def pad_input(dy: Tensor, widths: Widths, shape: tuple[int, ...], mode: str) -> Tensor:
    """dx of pad, its adjoint: the border is folded back onto what it was made of."""
    inside = _inside(widths, shape)
    if mode == "constant":
        return dy[inside]
    folded = dy.data.copy(order="K")
    for border, source in _borders(widths, shape, mode):
        strip = folded[border]
        for axis, (n, m) in enumerate(zip(folded[source].shape, strip.shape, strict=True)):
            strip = strip.sum(axis, keepdims=True) if n < m else strip  # one edge for many rows of border
        folded[source] += strip
    flat = [n for pair in reversed(widths) for n in pair]
    return record("pad_input", folded[inside], (dy, lambda ddx: pad(ddx, flat, mode)), pad=flat, mode=mode)


def _inside(widths: Widths, shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(before, before + n) for (before, _), n in zip(widths, shape, strict=True))


def _borders(widths: Widths, shape: tuple[int, ...], mode: str) -> Iterator[tuple[Any, Any]]:
    """For each side of each axis: where the border lies in y, and where in y its content comes from."""
    if mode == "constant":
        return
    for axis, (n, (a, b)) in enumerate(zip(shape, widths, strict=True)):
        end = a + n
        before, after = {
            "reflect": (slice(2 * a, a, -1), slice(end - 2, end - 2 - b if end - 2 - b >= 0 else None, -1)),
            "replicate": (slice(a, a + 1), slice(end - 1, end)),
            "circular": (slice(n, end), slice(a, a + b)),
        }[mode]
        whole = (slice(None),) * axis
        if a:
            yield (*whole, slice(0, a)), (*whole, before)
        if b:
            yield (*whole, slice(end, end + b)), (*whole, after)


def _checked(x: Tensor, pad: Sequence[int], mode: str, value: float | None) -> Widths:
    """(before, after) for each axis, if there are pixels enough to make the border of."""
    if mode not in MODES:
        raise UnknownNameError("pad", "mode", mode, MODES)
    if len(pad) % 2 or len(pad) > 2 * x.ndim or not all(is_whole(n) and n >= 0 for n in pad):
        raise ArgumentError(
            "pad", f"pad is {tuple(pad)}; it must be pairs of sizes of at least 0, at most one an axis."
        )
    if value is not None and mode != "constant":
        raise ArgumentError("pad", f"value is {value}, but mode {mode!r} takes the border from the picture.")
    pairs = [(int(a), int(b)) for a, b in zip(pad[::2], pad[1::2], strict=True)]
    widths = ((0, 0),) * (x.ndim - len(pairs)) + tuple(pairs[::-1])
    for axis, (n, ends) in enumerate(zip(x.shape, widths, strict=True)):
        most = {"reflect": max(n - 1, 0), "circular": n, "replicate": max(ends) if n else 0}.get(mode, max(ends))
        if max(ends) > most:
            problem = f"a border of {max(ends)} cannot be made by {mode!r} on axis {axis} of shape {x.shape}"
            raise ShapeError("pad", f"{problem}: at most {most}.")
    return widths
