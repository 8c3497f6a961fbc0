"""One wrong gradient, and the questions about it that hints are found with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from tinyconv.tensor import Tensor

from .ruler import Ruler
from .subject import Subject, host

STEP = 1e-5  # of central differences: good for the 5 digits that hints need
MOST = 1024  # entries of a Jacobian's side: more would take long


class Evidence:
    """What is known of a gradient that failed.

    name      of the tensor; x its numbers
    a         what backward gives
    n         what the differences give
    smooth    where there is no kink, so that both can be compared
    y, u      the outputs and the gradients upstream that were used
    others    the other tensors of the function, by name
    """

    def __init__(
        self,
        subject: Subject,
        ruler: Ruler,
        name: str,
        a: np.ndarray,
        n: np.ndarray,
        smooth: np.ndarray,
        analytic_function: bool,
        nothing_flows: bool = False,
    ):
        self.subject, self.ruler, self.name = subject, ruler, name
        self.a, self.n, self.smooth = a, n, smooth
        self.analytic_function, self.nothing_flows = analytic_function, nothing_flows
        self.x, self.u = subject.start[name], ruler.weights
        self.others = {other: subject.start[other] for other in subject.tensors if other != name}
        self.scale = float(np.abs(n[smooth]).max(initial=0)) or 1.0

    @cached_property
    def y(self) -> list[np.ndarray]:
        return self.subject.values()

    @property
    def like_output(self) -> bool:
        """Is there one output, of the shape of x?"""
        return self.subject.shapes == [self.x.shape] and self.x.size > 1

    # ------------------------------------------------------------ comparing

    def same(self, a: np.ndarray, b: np.ndarray) -> bool:
        """Equal to five digits of the largest, wherever there is no kink."""
        if a.shape != b.shape or a.shape != self.smooth.shape:
            return False
        d = np.abs(a - b)[self.smooth]
        return bool(d.size and (d <= 1e-5 * max(self.scale, float(np.abs(a).max(initial=0)))).all())

    @cached_property
    def wrong(self) -> np.ndarray:
        """Where backward and differences are apart."""
        return self.smooth & (np.abs(self.a - self.n) > 1e-5 * self.scale)

    # ------------------------------------------------------------ asking the function

    def right(self, changed: Mapping[str, np.ndarray] | None = None) -> np.ndarray | None:
        """The true gradient if other tensors, or x itself, had other numbers."""
        slopes = self._slopes(changed or {})
        return None if slopes is None else slopes.sum(0).reshape(self.x.shape)

    def with_upstream(self, u: list[np.ndarray]) -> np.ndarray | None:
        """The true gradient for another gradient upstream."""
        if self.jacobian is None:
            return None
        return (np.concatenate([v.ravel() for v in u]) @ self.jacobian).reshape(self.x.shape)

    @cached_property
    def jacobian(self) -> np.ndarray | None:
        """dy_k/dx_i (outputs, inputs), by differences."""
        slopes = self._slopes({})
        return None if slopes is None else slopes / np.concatenate([u.ravel() for u in self.u])[:, None]

    @cached_property
    def backward_jacobian(self) -> np.ndarray | None:
        """dy_k/dx_i (outputs, inputs) as backward has it: one pass for each output."""
        sizes = [u.size for u in self.u]
        if sum(sizes) > MOST or self.x.size > MOST:
            return None
        outputs, rows = self.subject.record(), []
        which = list(self.subject.tensors).index(self.name)
        for place in np.eye(sum(sizes)):
            parts = np.split(place, np.cumsum(sizes)[:-1])
            weights = [Tensor(p.reshape(u.shape)) for p, u in zip(parts, self.u, strict=True)]
            dx = self.subject.gradients(outputs, weights)[which]
            rows.append(np.zeros(self.x.size) if dx is None else host(dx).ravel())
        return np.array(rows)

    def _slopes(self, changed: Mapping[str, np.ndarray]) -> np.ndarray | None:
        """u_k dy_k/dx_i (outputs, inputs) at changed numbers; None if it would take long or cannot be."""
        if self.x.size > MOST or sum(u.size for u in self.u) > MOST:
            return None
        base = changed.get(self.name, self.x)
        h = 1e-20 if self.analytic_function else STEP * self.ruler.scale(self.name)
        columns = []
        for index in np.ndindex(self.x.shape):
            moved = base.astype(complex) if self.analytic_function else base.copy()
            moved[index] += 1j * h if self.analytic_function else h
            up = self._weighted(changed, moved)
            if self.analytic_function:
                columns.append(up.imag / h)
                continue
            moved[index] -= 2 * h
            columns.append((up - self._weighted(changed, moved)) / (2 * h))
        slopes = np.array(columns).T
        return slopes if np.isfinite(slopes).all() else None

    def _weighted(self, changed: Mapping[str, np.ndarray], moved: np.ndarray) -> np.ndarray:
        return self.ruler.weighted(self.subject.values({**changed, self.name: moved}))
