"""Pictures laid over one another, and their labels with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyconv import kernels, random
from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.geometry import whole

from .arguments import number
from .base import Transform, check_pictures, check_same_size


@dataclass(frozen=True)
class Mixup(Transform):
    """images, labels = mix(images, labels):   y[n] = s x[n] + (1 - s) x[m],   t[n] = s onehot[n] + (1 - s) onehot[m]

    The share s is drawn from Beta(alpha, alpha) once a batch, and m runs through the batch in random order.
    alpha 0 mixes nothing; the paper has 0.2 for ImageNet and 1 for CIFAR.

    images (N, C, H, W), uint8 or floating point, normalised or not  ->  floating point
    labels (N,), whole numbers below num_classes                     ->  t (N, num_classes), float32
    It belongs into DataLoader(mix=...), after all transforms. Zhang et al. 2017, section 2.
    """

    alpha: float
    num_classes: int

    def __post_init__(self) -> None:
        vars(self).update(
            alpha=number("Mixup", "alpha", self.alpha, 0),
            num_classes=whole("Mixup", "num_classes", self.num_classes, least=1),
        )

    def __call__(  # type: ignore[override]  # labels are mixed too
        self, images: np.ndarray, labels: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        check_pictures("Mixup", images)
        check_same_size("Mixup", images)
        onehot = self._onehot(labels, len(images))
        rng = random.stream("augment") if rng is None else rng
        share = rng.beta(self.alpha, self.alpha) if self.alpha else 1.0
        partner = rng.permutation(len(images))
        targets = share * onehot + (1 - share) * onehot[partner]
        return kernels.mix_pictures(images, partner, share), targets.astype(np.float32)

    def _onehot(self, labels: Any, N: int) -> np.ndarray:
        K = self.num_classes
        if not isinstance(labels, np.ndarray) or labels.dtype.kind not in "iu":
            found = labels.dtype if isinstance(labels, np.ndarray) else type(labels).__name__
            problem = f"labels are {found}; they must be an array of whole numbers. Give Mixup as DataLoader(mix=...)."
            raise DTypeError("Mixup", problem)
        if labels.shape != (N,):
            raise ShapeError("Mixup", f"labels have shape {labels.shape}, expected ({N},): one for each picture.")
        if N and not 0 <= labels.min() <= labels.max() < K:
            problem = f"labels go from {labels.min()} to {labels.max()}; num_classes {K} allows 0 to {K - 1}."
            raise ArgumentError("Mixup", problem)
        return np.eye(K)[labels]
