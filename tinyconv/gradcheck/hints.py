"""A guess at the cause of a wrong gradient.

Each hypothesis is a small function: from the evidence to a sentence, or to None if it does not fit. They are
tried in order, those that say most first; the first that fits speaks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from math import prod

import numpy as np

from .evidence import Evidence
from .hints_of_places import FEW_PLACES, ORDERS, neighbours, wrong_places
from .hints_of_questions import QUESTIONS

Hypothesis = Callable[[Evidence], str | None]


def guess(evidence: Evidence) -> str:
    """The sentence of the first hypothesis that fits; "" if none does."""
    by_elements = evidence.a.shape == evidence.x.shape
    for hypothesis in HYPOTHESES if by_elements else (zero, sign, factor):
        if sentence := hypothesis(evidence):
            return sentence
    return ""


# ---------------------------------------------------------------- nothing, or a factor everywhere


def zero(e: Evidence) -> str | None:
    """Backward gives nothing at all."""
    if e.a.any():
        return None
    if e.nothing_flows:
        return "Nothing flows back to it: its path is detached, or its gradient rule is missing."
    return "Backward gives zero everywhere. A check that sums the outputs might not have seen it."


def sign(e: Evidence) -> str | None:
    return "Only the sign is wrong." if e.same(e.a, -e.n) else None


def factor(e: Evidence) -> str | None:
    """a = c n: a mean twice or not at all, a square's 2, a logarithm's base."""
    a, n = e.a[e.smooth], e.n[e.smooth]
    c = float(a @ n / (n @ n)) if n.any() else 0.0
    if c == 0 or not e.same(e.a, c * e.n):
        return None
    reasons = list(_reasons(abs(c), e))
    if a.size < 2 and not reasons:  # of one number, everything is a multiple
        return None
    minus = " and the sign is wrong" if c < 0 else ""
    why = f": {'; or '.join(reasons[:3])}" if reasons else ""
    return f"Everything is {abs(c):.4g} times what it should be{minus}{why}."


def _reasons(c: float, e: Evidence) -> Iterator[str]:
    """What the factor c may come from."""
    for size, what in _sizes(e):
        if np.isclose(c, size, rtol=1e-6):
            yield f"{what}, so a mean was taken for a sum"
        if np.isclose(c, 1 / size, rtol=1e-6):
            yield f"1/{what}, so a mean was taken twice, or where there is a sum"
    known = {
        2.0: "it is added twice, or 1/2 was forgotten",
        0.5: "the 2 of a square, or one of two uses, was forgotten",
        float(np.log(10)): "ln 10, the base of the logarithm",
        float(np.log(2)): "ln 2, the base of the logarithm",
    }
    yield from (why for size, why in known.items() if np.isclose(c, size, rtol=1e-6))


def _sizes(e: Evidence) -> Iterator[tuple[int, str]]:
    """Sizes that a sum or a mean may be over, each with what it is."""
    found: dict[int, str] = {}
    given = {e.name: e.x, **e.others}
    first = next(iter(e.subject.tensors))
    for name in sorted(given, key=lambda name: (name != first, name != e.name)):
        shape = given[name].shape
        axes = {0: " (the batch, N)", 1: " (the channels or classes, K)"} if name == first else {}
        for axis, size in enumerate(shape):
            found.setdefault(size, f"{size}, the size of axis {axis}{axes.get(axis, '')} of {name}")
        if len(shape) == 4:
            found.setdefault(shape[2] * shape[3], f"{shape[2] * shape[3]} = H*W, the places of {name}")
            found.setdefault(shape[0] * shape[2] * shape[3], f"{shape[0] * shape[2] * shape[3]} = N*H*W of {name}")
        found.setdefault(prod(shape), f"{prod(shape)}, the number of elements of {name}")
    outputs = sum(u.size for u in e.u)
    if outputs and e.x.size % outputs == 0:
        found.setdefault(e.x.size // outputs, f"{e.x.size // outputs}, the elements of a window")
    found.pop(1, None)
    found.pop(0, None)
    yield from found.items()


# ---------------------------------------------------------------- a factor that is not the same everywhere


def forgotten_scale(e: Evidence) -> str | None:
    """y = s m x with a mask m, and backward has m without s."""
    if not e.like_output:
        return None
    n, a = e.n / e.u[0], e.a / e.u[0]
    kept = np.abs(n) > 1e-9
    if kept.all() or not kept.any() or not e.same(a, np.where(kept, 1.0, 0.0)):
        return None
    s = n[kept].mean()
    if not e.same(n, np.where(kept, s, 0.0)):
        return None
    return f"Forward multiplies what it keeps by {s:.4g}, backward does not: dropout's scale 1/(1 - p) is missing."


def forgotten_factor(e: Evidence) -> str | None:
    """a f = n or a = n f, where f is a simple function of x or y."""
    if not e.like_output:
        return None
    x, y = e.x, e.y[0].real
    candidates = {
        "x": x, "x^2": x**2, "y": y, "1 - y": 1 - y, "1 + y": 1 + y, "1 - y^2": 1 - y**2, "y (1 - y)": y * (1 - y),
    }  # fmt: skip
    for name, f in candidates.items():
        for c in (1.0, 2.0):
            if e.same(c * f * e.a, e.n):
                return f"The factor {'2 ' if c == 2 else ''}({name}) is missing."
            if e.same(e.a, c * f * e.n):
                return f"There is a factor {'2 ' if c == 2 else ''}({name}) too many."
    return None


def factor_along_an_axis(e: Evidence) -> str | None:
    """a = c_k n with its own c for every k along one axis."""
    for axis in range(e.x.ndim):
        if e.x.shape[axis] < 2 or e.x.size == e.x.shape[axis]:
            continue
        rest = tuple(k for k in range(e.x.ndim) if k != axis)
        n2 = (e.n * e.n * e.smooth).sum(rest, keepdims=True)
        c = (e.a * e.n * e.smooth).sum(rest, keepdims=True) / np.where(n2 == 0, 1, n2)
        if np.abs(c).max() > 0 and e.same(e.a, c * e.n):
            if (np.isclose(c, 1) | (n2 == 0)).any():
                continue  # some are right: slices_wrong says which
            shown = ", ".join(f"{v:.4g}" for v in c.ravel()[:4])
            what = "channel" if axis == 1 else f"index along axis {axis}"
            return (
                f"Every {what} has its own wrong factor ({shown}{', ...' if c.size > 4 else ''}): "
                "is a weight, or 1/sqrt(var + eps), missing?"
            )
    return None


# ---------------------------------------------------------------- a missing path


def identity_path(e: Evidence) -> str | None:
    """n - a = dy: the branch that goes around."""
    if e.like_output and e.same(e.n - e.a, e.u[0]):
        return "What is missing is dy itself: the branch that hands x on unchanged (the residual) was forgotten."
    if e.like_output and e.same(e.a - e.n, e.u[0]):
        return "dy itself is there once too often: x is handed on unchanged nowhere."
    return None


def mean_path(e: Evidence) -> str | None:
    """The difference does not vary along some axes."""
    d = e.a - e.n
    for axes in _axes(e):
        if not e.same(d, np.broadcast_to(d.mean(axes, keepdims=True), d.shape)):
            continue
        if _vanishes(e, e.n, axes):
            return (
                f"The difference is constant along {_named(axes)}, and adding a number to all of x there changes "
                "nothing: the path through the mean is missing."
            )
        return f"The difference is constant along {_named(axes)}: a path through a sum or a mean of x is missing."
    return None


def variance_path(e: Evidence) -> str | None:
    """The difference is a multiple of x - mean(x)."""
    d = e.a - e.n
    for axes in _axes(e):
        z = e.x - e.x.mean(axes, keepdims=True)
        zz = (z * z).sum(axes, keepdims=True)
        if (zz == 0).any() or prod(e.x.shape[k] for k in axes) < 3:
            continue
        if e.same(d, z * (d * z).sum(axes, keepdims=True) / zz):
            return (
                f"The difference is a multiple of x - mean(x) along {_named(axes)}: "
                "the path through the variance is missing or wrong."
            )
    return None


def target(e: Evidence) -> str | None:
    """In each row one class differs from all others in how wrong it is."""
    d = e.a - e.n
    if e.x.ndim != 2 or e.x.shape[1] < 3 or not _vanishes(e, e.n, (1,)):
        return None
    middle = np.median(d, axis=1, keepdims=True)
    odd = np.abs(d - middle) > 1e-5 * e.scale
    if (odd.sum(1) <= 1).all() and odd.any():
        return (
            "In every row one class is wrong by another amount than all others: the target enters with a wrong "
            "share or sign (one-hot, label smoothing)."
        )
    return None


def invariance(e: Evidence) -> str | None:
    """The true gradient sums to zero along some axes, backward's does not."""
    for axes in _axes(e):
        if _vanishes(e, e.n, axes) and not _vanishes(e, e.a, axes):
            return (
                f"Adding a number to all of x along {_named(axes)} changes nothing, so the gradient sums to zero "
                "there; backward's does not: the sum over the others (softmax), or the mean path, is missing."
            )
    return None


def _axes(e: Evidence) -> Iterator[tuple[int, ...]]:
    """Sets of axes with more than one element, the largest sets first."""
    axes = [k for k, size in enumerate(e.x.shape) if size > 1]
    for count in range(len(axes), 0, -1):
        yield from combinations(axes, count)


def _vanishes(e: Evidence, dx: np.ndarray, axes: tuple[int, ...]) -> bool:
    return bool((np.abs(dx.sum(axes)) <= 1e-6 * np.abs(dx).sum()).all())


def _named(axes: tuple[int, ...]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes[:-1]))} and {axes[-1]}"


HYPOTHESES: list[Hypothesis] = [
    zero, sign, forgotten_scale, factor, forgotten_factor, factor_along_an_axis,
    identity_path, mean_path, *ORDERS, *QUESTIONS, neighbours, variance_path, target,
    wrong_places, invariance, *FEW_PLACES,
]  # fmt: skip
