"""Derivatives of the function under check along any direction, by the method that suits each tensor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .numeric import Derivative, Phi, central, complex_step
from .subject import Subject


class Ruler:
    """Measures d/dt sum_k <u_k, y_k(x + t d)>, with random weights u_k on the outputs y_k.

    A plain sum of the outputs would be blind: softmax's sum to 1 and batch norm's to 0, whatever x is.
    """

    def __init__(self, subject: Subject, rng: np.random.Generator):
        self.subject = subject
        self.weights = [random_signs(rng, shape) for shape in subject.shapes]
        self.at_start = self.weighted(subject.values())

    def weighted(self, outputs: list[np.ndarray]) -> np.ndarray:
        return np.concatenate([(u * y).ravel() for u, y in zip(self.weights, outputs, strict=True)])

    def along(self, method: str, directions: Mapping[str, np.ndarray]) -> Derivative:
        """The derivative when the named tensors move together, each along its own direction."""
        phi = self.path(directions)
        scale = max(self.scale(name, d) for name, d in directions.items())
        return complex_step(phi, 1e-20 * scale) if method == "complex" else central(phi, self.at_start, 1e-2 * scale)

    def path(self, directions: Mapping[str, np.ndarray]) -> Phi:
        """The weighted outputs as a function of one number t: x + t d."""

        def phi(t: complex) -> np.ndarray:
            moved = {name: np.asarray(self.subject.start[name] + t * d) for name, d in directions.items()}
            return self.weighted(self.subject.values(moved))

        return phi

    def quotient(self, method: str, directions: Mapping[str, np.ndarray], h: float) -> float:
        """The plain quotient for one step h, with nothing extrapolated; NaN where it cannot be had."""
        phi = self.path(directions)
        try:
            value = phi(1j * h).imag.sum() / h if method == "complex" else (phi(h) - phi(-h)).sum() / (2 * h)
        except Exception:  # operations that are not analytic refuse complex numbers
            return float("nan")
        return float(value)

    def scale(self, name: str, moved: np.ndarray | None = None) -> float:
        """The size of a tensor's numbers: their root mean square, or the moved ones if these are larger."""
        x = self.subject.start[name]
        if x.size == 0:
            return 1.0
        largest = 0.0 if moved is None else np.abs(x[moved != 0]).max(initial=0)
        return float(max(np.sqrt((x * x).mean()), largest)) or 1.0

    def rounding(self, name: str) -> float:
        """A derivative so small that moving x by its own size moves no bit of the outputs."""
        return np.finfo(np.float64).eps * float(np.linalg.norm(self.at_start)) / self.scale(name)

    def suitable(self, name: str, rng: np.random.Generator) -> str:
        """ "complex" if complex steps can be trusted for this tensor, otherwise "central".

        Operations that are not analytic refuse complex numbers. Code that takes them all the same and is
        wrong (np.abs) gives itself away along one random direction, where both methods must agree.
        """
        directions = {name: random_signs(rng, self.subject.start[name].shape)}
        try:
            by_complex = self.along("complex", directions).value
        except Exception:  # whatever it is: with real numbers the function works, so central differences do too
            return "central"
        measured = self.along("central", directions)
        allowed = 1e-7 * max(abs(by_complex), abs(measured.value)) + 10 * measured.width
        smooth = measured.width <= 1e-6 * abs(measured.value) + 1e6 * self.rounding(name)
        return "complex" if smooth and abs(by_complex - measured.value) <= allowed else "central"


def random_signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Random numbers from 1/2 to 3/2, half of them negative: none is so small that it hides an error."""
    return rng.uniform(0.5, 1.5, shape) * rng.choice((-1.0, 1.0), shape)
