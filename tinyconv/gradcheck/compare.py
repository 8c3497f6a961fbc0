"""Backward against differences, tensor by tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyconv import random
from tinyconv.tensor import Tensor

from .curve import STEPS, Curve
from .report import Entry, GradcheckReport, TensorReport
from .ruler import Ruler, random_signs
from .subject import Subject, host

METHODS = {"complex": "complex step", "central": "central differences"}
RTOL = {"complex": 1e-9, "central": 1e-6}
ELEMENTS = 512  # tensors up to this size are checked element by element
DIRECTIONS = 16  # larger ones along this many random directions
KINK_SHARE = 0.1  # a tensor with more of its entries at kinks has not been checked


@dataclass(frozen=True)
class Settings:
    """How to compare: the arguments of `gradcheck`."""

    method: str = "auto"
    rtol: float | None = None
    atol: float | None = None
    directions: int | None = None


class Comparison:
    """One check of one subject; what it finds goes to the report."""

    def __init__(self, subject: Subject, settings: Settings, rng: np.random.Generator, report: GradcheckReport):
        self.subject, self.settings, self.rng, self.report = subject, settings, rng, report
        self.ruler = Ruler(subject, rng)
        self.unreached: set[str] = set()  # tensors that backward gives no gradient at all
        self.worst: dict[str, np.ndarray] = {}  # by tensor, the direction with the largest error

    def run(self) -> None:
        gradients = self.backward() if self.repeats() else None
        if gradients is None:
            return
        for name, dx in gradients.items():
            self.tensor(name, dx)
        self.kinks_together(gradients)
        if self.report.worst is not None and self.report.worst.name in gradients:
            self.report.measure = self.curve

    # ------------------------------------------------------------ what must hold before numbers are compared

    def repeats(self) -> bool:
        """Does the function leave its inputs alone and give the same bits again?"""
        if changed := self.subject.changed():
            self.problem(f"the function changes {', '.join(changed)} in place.")
        elif updated := self.subject.updated():
            self.problem(
                f"the module changes {', '.join(updated)} though it is in evaluation: results depend on its past."
            )
        elif not np.array_equal(self.ruler.weighted(self.subject.values()), self.ruler.at_start):
            self.problem(
                "the function is not deterministic: called twice, it gives two results. "
                "Draw random numbers from tinyconv.random.stream(...), which the check rewinds."
            )
        return self.report.passed

    def backward(self) -> dict[str, np.ndarray] | None:
        """The gradients to check, by name: finite, and linear in the gradient upstream."""
        u, v = self.ruler.weights, [random_signs(self.rng, shape) for shape in self.subject.shapes]
        outputs = self.subject.record()
        if not np.allclose(self.ruler.weighted([host(y) for y in outputs]), self.ruler.at_start, 1e-9, 1e-12):
            self.problem("the function gives another result when it is recorded for a backward pass.")
            return None
        mixed = [a - 2.5 * b for a, b in zip(u, v, strict=True)]
        zero = [np.zeros(w.shape) for w in u]
        passes = [self.subject.gradients(outputs, map(Tensor, weights)) for weights in (u, u, v, mixed, zero)]
        gradients = {}
        for (name, x), *found in zip(self.subject.tensors.items(), *passes, strict=True):
            if found[0] is None:
                self.unreached.add(name)
            gradients[name], *others = (np.zeros(x.shape) if dx is None else host(dx) for dx in found)
            if sentence := self.objection(name, gradients[name], *others):
                self.problem(f"{name}: {sentence}")
        return gradients if self.report.passed else None

    def objection(self, name: str, du: np.ndarray, again: np.ndarray, *others: np.ndarray) -> str:
        """What no gradient may be, whatever forward computes: of u twice, of v, of u - 2.5 v, of zero."""
        dv, dm, dz = others
        allowed = self.allowed(name, du, dv)
        large = du[np.abs(du) > allowed]
        if not np.isfinite(du).all():
            index = tuple(np.argwhere(~np.isfinite(du))[0].tolist())
            return f"the gradient is not finite: at {index} it is {du[index]}."
        if not (np.abs(again - du) <= allowed).all():
            return (
                "two backward passes of one forward pass differ: backward draws random numbers anew "
                "(keep forward's mask), or changes what it needs again."
            )
        if len(large) and (np.abs(du - dv) <= allowed).all():
            return "whatever dy is, the gradient is the same: it must be multiplied by dy."
        if len(large) > 1 and np.array_equal(large, large.astype(np.float32)):
            return "all its numbers fit into float32: something on the way back computes in single precision."
        if not (np.abs(dz) <= allowed).all():
            return "for dy = 0 the gradient is not 0: there is a term without dy, or a division by dy."
        if not (np.abs(dm - (du - 2.5 * dv)) <= allowed).all():
            return (
                "backward(u - 2.5 v) is not backward(u) - 2.5 backward(v): it is not linear in dy. "
                "Is dy squared, compared or clipped?"
            )
        return ""

    def allowed(self, name: str, *gradients: np.ndarray) -> float:
        """The rounding error of a sum of gradients."""
        return 1e-9 * sum(float(np.abs(dx).max(initial=0)) for dx in gradients) + 1e4 * self.ruler.rounding(name)

    # ------------------------------------------------------------ one tensor

    def tensor(self, name: str, dx: np.ndarray) -> None:
        """Compare one gradient with the derivatives along each axis, or along random directions."""
        method, count = self.settings.method, self.settings.directions
        if method == "auto":
            method = self.ruler.suitable(name, self.rng) if dx.size else "complex"
        by_elements = count == 0 or (count is None and dx.size <= ELEMENTS)
        if by_elements:
            probes: dict[Any, np.ndarray] = {index: _axis(dx.shape, index) for index in np.ndindex(dx.shape)}
        else:
            probes = {k: random_signs(self.rng, dx.shape) for k in range(count or DIRECTIONS)}
        entries = self.compare(name, method, dx, probes)
        worst = max(entries, key=lambda entry: entry.error, default=None)
        kinks = [entry for entry in entries if entry.is_kink]
        if worst is not None:
            self.worst[name] = probes[worst.index]
        if worst is not None and worst.error > self.rtol(method):
            cause = self.cause(name, method, dx, entries)
            if not by_elements:
                worst = self.locate(name, method, dx, self.worst[name])
            self.problem(f"{worst}: relative error {worst.error:.1e}. {cause}".rstrip())
        if len(kinks) > KINK_SHARE * len(entries):
            self.problem(
                f"{name}: {len(kinks)} of {len(entries)} entries lie at kinks, where there is no "
                "derivative to compare with: inconclusive. Check at another point, away from ties and zeros."
            )
        if entries and not any(e.analytic or e.numeric for e in entries):
            self.report.notes.append(f"{name}: the gradient is zero at this point, which says little about others.")
        by = "elements" if by_elements else "random directions"
        self.report.tensors.append(TensorReport(name, METHODS[method], by, len(entries), worst, kinks))

    def compare(self, name: str, method: str, dx: np.ndarray, probes: Mapping[Any, np.ndarray]) -> list[Entry]:
        """<dx, d> and the derivative along d, for each probe d.

        Errors are relative to the larger of both, or to a thousandth of the largest derivative where that
        is more. At a kink, everything between the derivatives from left and right is right.
        """
        measured = [self.ruler.along(method, {name: d}) for d in probes.values()]
        largest = max((abs(m.value) for m in measured), default=0.0)
        rtol, rounding = self.rtol(method), self.ruler.rounding(name)
        atol = 1e2 * rounding if self.settings.atol is None else self.settings.atol
        entries = []
        for (place, d), m in zip(probes.items(), measured, strict=True):
            analytic = float((dx * d).sum())
            size = max(abs(analytic), abs(m.value), 1e-3 * largest)
            is_kink = m.width > max(rtol * size, atol, 1e6 * rounding)
            if is_kink:
                excess = max(0.0, abs(analytic - m.value) - m.width)
            else:
                excess = abs(analytic - m.value)
                size = max(size, max(atol, m.width) / rtol)
            error = excess / size if excess else 0.0
            entries.append(Entry(name, place, analytic, m.value, m.width, error, is_kink))
        return entries

    def locate(self, name: str, method: str, dx: np.ndarray, d: np.ndarray) -> Entry:
        """The element behind an error along a direction: halve the direction, keep the worse half.

        From now on, its own axis is the tensor's worst direction.
        """
        places = np.arange(dx.size)
        while len(places) > 1:
            halves = np.array_split(places, 2)
            probes = {
                k: np.where(np.isin(np.arange(dx.size), half).reshape(dx.shape), d, 0) for k, half in enumerate(halves)
            }
            first, second = (abs(e.analytic - e.numeric) for e in self.compare(name, method, dx, probes))
            places = halves[0] if first >= second else halves[1]
        index = tuple(int(i) for i in np.unravel_index(places[0], dx.shape))
        self.worst[name] = _axis(dx.shape, index)
        return self.compare(name, method, dx, {index: self.worst[name]})[0]

    def cause(self, name: str, method: str, dx: np.ndarray, entries: list[Entry]) -> str:
        """A guess at why backward and the differences are apart: by elements, unless there are too many."""
        from .evidence import Evidence  # only a wrong gradient needs them
        from .hints import guess

        if len(entries) != dx.size and dx.size <= 4 * ELEMENTS:
            entries = self.compare(name, method, dx, {index: _axis(dx.shape, index) for index in np.ndindex(dx.shape)})
        shape = dx.shape if len(entries) == dx.size else (len(entries),)
        a, n = (np.array([getattr(e, side) for e in entries]).reshape(shape) for side in ("analytic", "numeric"))
        smooth = np.array([not e.is_kink for e in entries]).reshape(shape)
        analytic = method == "complex"
        return guess(Evidence(self.subject, self.ruler, name, a, n, smooth, analytic, name in self.unreached))

    def curve(self, entry: Entry) -> Curve:
        """The entry's difference quotients for many steps, from the tensor's own size down to rounding."""
        direction = {entry.name: self.worst[entry.name]}
        scale = self.ruler.scale(entry.name, direction[entry.name])
        streams = random.get_state()
        try:
            central = [self.ruler.quotient("central", direction, scale * h) for h in STEPS]
            by_complex = [self.ruler.quotient("complex", direction, scale * h) for h in STEPS]
        finally:
            random.set_state(streams)
        size = max(abs(entry.analytic), abs(entry.numeric), 1e8 * self.ruler.rounding(entry.name)) or 1.0
        return Curve(entry, scale * np.array(STEPS), np.array(central), np.array(by_complex), size)

    def kinks_together(self, gradients: Mapping[str, np.ndarray]) -> None:
        """Move everything that lies at a kink by the same step: elements that tie stay tied.

        One by one, each of two tied winners of a maximum may claim all of dy; together they may not.
        """
        moves: dict[str, np.ndarray] = {}
        for kink in self.report.kinks:
            if isinstance(kink.index, tuple) and kink.name in gradients:
                moves.setdefault(kink.name, np.zeros(gradients[kink.name].shape))[kink.index] = 1.0
        if sum(int(d.sum()) for d in moves.values()) < 2:
            return
        measured = self.ruler.along("central", moves)
        parts = np.concatenate([(gradients[name] * d).ravel() for name, d in moves.items()])
        analytic, size = float(parts.sum()), float(np.abs(parts).sum())
        if abs(analytic - measured.value) > measured.width + self.rtol("central") * max(size, abs(measured.value)):
            self.problem(
                f"elements that tie ({', '.join(moves)}), moved together: backward gives {analytic:.10g}, "
                f"the differences {measured.value:.10g}. Is dy given to several winners at once?"
            )

    # ------------------------------------------------------------ small parts

    def rtol(self, method: str) -> float:
        return RTOL[method] if self.settings.rtol is None else self.settings.rtol

    def problem(self, sentence: str) -> None:
        self.report.problems.append(sentence)


def _axis(shape: tuple[int, ...], index: tuple[int, ...]) -> np.ndarray:
    """The direction along one element."""
    d = np.zeros(shape)
    d[index] = 1.0
    return d
