"""Hypotheses that ask: to which other question would backward's answer be right?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from .evidence import Evidence


def one_part_of_dy(e: Evidence) -> str | None:
    """Right if dy were zero but at one index of an axis: a sum was forgotten, or overwritten."""
    for k, u in enumerate(e.u):
        for axis, size in enumerate(u.shape):
            for i in sorted({0, size - 1}) if size > 1 else ():
                kept = np.zeros(u.shape)
                place = (slice(None),) * axis + (i,)
                kept[place] = u[place]
                if _right(e, [kept if j == k else v for j, v in enumerate(e.u)]):
                    which = {0: "the batch", 1: "the channels"}.get(axis, "places") if u.ndim > 1 else "all elements"
                    return (
                        f"Right if dy had only its index {i} along axis {axis}: the sum over axis {axis} "
                        f"({which}) is missing."
                    )
    return None


def another_dy(e: Evidence) -> str | None:
    """Right for a dy that is flipped, shifted or has parts exchanged."""
    if len(e.u) != 1:
        return None
    for what, v in _rearranged(e.u[0]):
        if _right(e, [v]):
            return f"Right if dy were {what}: backward reads dy at wrong places."
    return None


def another_tensor(e: Evidence) -> str | None:
    """Right if one of the other tensors were flipped, transposed or something else."""
    for name, w in e.others.items():
        candidates: dict[str, np.ndarray] = {}
        if w.ndim >= 2:
            candidates["flipped along its last two axes (the kernel, turned by 180 degrees)"] = w[..., ::-1, ::-1]
            if w.shape[0] == w.shape[1]:
                candidates["transposed (axes 0 and 1 exchanged)"] = w.swapaxes(0, 1)
            if w.shape[-1] == w.shape[-2]:
                candidates["transposed in its last two axes"] = w.swapaxes(-1, -2)
            candidates["rolled by half along axis 0 (groups exchanged)"] = np.roll(w, w.shape[0] // 2, 0)
        candidates["1"] = np.ones(w.shape)
        candidates["|.| of itself"] = np.abs(w)
        candidates["the other way round (the sign)"] = -w
        for what, changed in candidates.items():
            if not np.array_equal(changed, w) and _agrees(e, e.right({name: changed})):
                return f"Right if {name} were {what}: backward uses {name} in another way than forward."
    return None


def another_x(e: Evidence) -> str | None:
    """Right at another point: a function applied twice, data overwritten."""
    x, y = e.x, [y.real for y in e.y]
    candidates: dict[str, Callable[[], np.ndarray]] = {}
    if len(y) == 1 and y[0].shape == x.shape:
        candidates["y, the result: was x overwritten in place, or the function applied twice"] = lambda: y[0]
    if x.ndim == 2:
        candidates["softmax(x): softmax was taken twice, before the loss and inside"] = lambda: _softmax(x)
    candidates["x + 1: was x changed in place after it was used"] = lambda: x + 1
    candidates["2 x: was x changed in place after it was used"] = lambda: 2 * x
    for what, make in candidates.items():
        if _agrees(e, e.right({e.name: make()})):
            return f"Right if x were {what}?"
    return None


def _right(e: Evidence, u: list[np.ndarray]) -> bool:
    return _agrees(e, e.with_upstream(u))


def _agrees(e: Evidence, n: np.ndarray | None) -> bool:
    return n is not None and bool(n.any()) and e.same(e.a, n)


def _softmax(x: np.ndarray) -> np.ndarray:
    p = np.exp(x - x.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def _rearranged(u: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """u in other orders, each with its name."""
    for axis, size in enumerate(u.shape):
        if size > 1:
            yield f"flipped along axis {axis}", np.flip(u, axis)
            if size % 2 == 0:
                yield f"with its halves along axis {axis} exchanged", np.roll(u, size // 2, axis)
            for step in (1, -1):
                yield f"shifted by {step} along axis {axis}", shifted(u, step, axis)
    if u.ndim >= 2:
        yield "flipped along its last two axes", u[..., ::-1, ::-1]
        for step in (1, -1):
            yield f"shifted by {step} along its last two axes", shifted(shifted(u, step, -1), step, -2)
        if u.shape[-1] == u.shape[-2]:
            yield "transposed", u.swapaxes(-1, -2)


def shifted(x: np.ndarray, step: int, axis: int) -> np.ndarray:
    """y[i] = x[i - step], 0 where that is outside."""
    y = np.roll(x, step, axis)
    edge = slice(0, step) if step > 0 else slice(step, None)
    y[(*(slice(None),) * (axis % x.ndim), edge)] = 0
    return y


QUESTIONS = [one_part_of_dy, another_dy, another_tensor, another_x]
