"""Hypotheses about places: the right numbers where they do not belong, or wrong ones in a few places only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product

import numpy as np

from .evidence import Evidence


def transposed(e: Evidence) -> str | None:
    for i, j in combinations(range(e.x.ndim), 2):
        if e.x.shape[i] == e.x.shape[j] > 1 and e.same(e.a, e.n.swapaxes(i, j)):
            return f"It is transposed: axes {i} and {j} are exchanged."
    return None


def flipped(e: Evidence) -> str | None:
    axes = [k for k, size in enumerate(e.x.shape) if size > 1]
    for count in (2, 1):
        for which in combinations(axes, count):
            if e.same(e.a, np.flip(e.n, which)):
                return f"It is flipped along {'axes' if count == 2 else 'axis'} {', '.join(map(str, which))}."
    return None


def moved(e: Evidence) -> str | None:
    """Shifted by rows or columns: a border cut off at the wrong end. What came in from outside is not compared."""
    for step in product((0, 1, -1, 2, -2), repeat=min(e.x.ndim, 2)):
        if not any(step) or any(abs(s) >= size for s, size in zip(step[::-1], e.x.shape[::-1], strict=False)):
            continue
        a, n = _overlap(e.a, step), _overlap(e.n, [-s for s in step])
        if np.count_nonzero(n) > 2 and (np.abs(a - n) <= 1e-5 * e.scale).all():
            shown = " and ".join(f"{s} along axis {e.x.ndim - len(step) + k}" for k, s in enumerate(step) if s)
            return f"It is shifted by {shown}: the border of padding is cut off at the wrong end."
    return None


def _overlap(x: np.ndarray, step: Sequence[int]) -> np.ndarray:
    """The part of x[i] for which x[i - step] is there too; the last axes are those that are shifted."""
    sizes = x.shape[x.ndim - len(step) :]
    parts = tuple(slice(max(s, 0), size + min(s, 0)) for s, size in zip(step, sizes, strict=True))
    return x[(slice(None),) * (x.ndim - len(step)) + parts]


def reordered(e: Evidence) -> str | None:
    """The slices along one axis are right, in another order."""
    for axis, size in enumerate(e.x.shape):
        if not 1 < size <= 64 or not e.smooth.all():
            continue
        a, n = (np.moveaxis(g, axis, 0).reshape(size, -1) for g in (e.a, e.n))
        apart = np.abs(a[:, None] - n[None]).max(2) <= 1e-5 * e.scale
        order = apart.argmax(1)
        if apart.any(1).all() and len(set(order)) == size:
            shown = ", ".join(map(str, order[:8])) + (", ..." if size > 8 else "")
            return f"The slices along axis {axis} are right, but in another order: {shown}."
    return None


def elsewhere(e: Evidence) -> str | None:
    a, n = (np.sort(g[e.smooth]) for g in (e.a, e.n))
    if a.size > 1 and np.allclose(a, n, rtol=1e-5, atol=1e-6 * e.scale):
        return "The numbers are right but in other places: permuted or reshaped in another order than forward."
    return None


# ---------------------------------------------------------------- wrong in a few places


def border(e: Evidence) -> str | None:
    """Right inside the picture."""
    if e.x.ndim < 3 or min(e.x.shape[-2:]) < 3 or not e.wrong.any():
        return None
    inside = e.wrong[..., 1:-1, 1:-1]
    if not inside.any():
        return "It is wrong at the border of the picture only: is padding cropped or counted as in forward?"
    return None


def only_some_slices(e: Evidence) -> str | None:
    """Right for all but a few indices of an axis."""
    for axis, size in enumerate(e.x.shape):
        rest = tuple(k for k in range(e.x.ndim) if k != axis)
        bad = np.flatnonzero(e.wrong.any(rest))
        if size > 1 and 0 < len(bad) <= size // 2:
            which = ", ".join(map(str, bad[:6]))
            there = "there it is zero" if not e.a[e.wrong].any() else "the rest is right"
            return f"It is wrong only at index {which} of {size} along axis {axis}; {there}."
    return None


def neighbours(e: Evidence) -> str | None:
    """Each dy goes to its own place alone, though forward looks at others too."""
    J, A = e.jacobian, e.backward_jacobian
    if J is None or A is None or not e.like_output:
        return None
    near = np.abs(J) > 1e-9 * np.abs(J).max()
    off = ~np.eye(len(J), dtype=bool)
    if not A[off].any() and (near & off).any():
        k, i = np.argwhere(near & off)[0]
        where = [np.unravel_index(int(j), e.x.shape) for j in (k, i)]
        axes = [axis for axis, (p, q) in enumerate(zip(*where, strict=True)) if p != q]
        return (
            "Backward hands each dy to its own place alone, but forward also looks at neighbours "
            f"(along axis {', '.join(map(str, axes))}): the sum over them is missing."
        )
    return None


def wrong_places(e: Evidence) -> str | None:
    """Backward asks some outputs that an element does not act on, and not all that it acts on."""
    acts, asked = _who_acts_on_whom(e)
    if not ((acts & ~asked).any() and (asked & ~acts).any()):
        return None
    return (
        "Backward collects dy from wrong places (stride, dilation, groups, or an order of axes): "
        f"{_counted(e, acts, asked)}."
    )


def not_added_up(e: Evidence) -> str | None:
    """Backward asks some, but not all, of the outputs that an element acts on."""
    acts, asked = _who_acts_on_whom(e)
    if not ((acts & ~asked).any(0) & (acts & asked).any(0)).any():
        return None
    return f"Backward misses places that an element acts on, which must all be added up: {_counted(e, acts, asked)}."


def numbers_for_nothing(e: Evidence) -> str | None:
    """All that is wrong should be zero."""
    should_be_zero = np.abs(e.n) <= 1e-9 * e.scale
    if not e.wrong.any() or (e.wrong & ~should_be_zero).any():
        return None
    return (
        f"Backward gives numbers where the derivative is zero, at {int(e.wrong.sum())} of {e.wrong.size} entries: "
        "a mask is missing, or something that does not count."
    )


def _who_acts_on_whom(e: Evidence) -> tuple[np.ndarray, np.ndarray]:
    """(outputs, inputs): does x_i act on y_k, does backward collect dy_k for x_i? Empty if that is too much to ask."""
    J, A = e.jacobian, e.backward_jacobian
    if J is None or A is None or not e.wrong.any():
        return np.zeros((0, 0), bool), np.zeros((0, 0), bool)
    small = 1e-9 * max(float(np.abs(J).max()), float(np.abs(A).max()))
    return np.abs(J) > small, np.abs(A) > small


def _counted(e: Evidence, acts: np.ndarray, asked: np.ndarray) -> str:
    worst = int((np.abs(e.a - e.n) * e.wrong).argmax())
    place = [int(k) for k in np.unravel_index(worst, e.x.shape)]
    acts, asked = acts[:, worst], asked[:, worst]
    right, others = (acts & asked).sum(), (asked & ~acts).sum()
    return f"{place} acts on {acts.sum()} outputs, of which backward counts {right}, and {others} others"


ORDERS = [transposed, flipped, reordered, moved, elsewhere, numbers_for_nothing]
FEW_PLACES = [not_added_up, border, only_some_slices]
