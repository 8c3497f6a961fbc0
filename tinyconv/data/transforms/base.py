"""What all transforms share: batches of pictures in, batches of pictures out, drawn from one generator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from tinyconv import random
from tinyconv.backend import is_array
from tinyconv.errors import ArgumentError, DTypeError, ShapeError

# (N, C, H, W), uint8 from 0 (black) to 255 (white) or floating point from 0 to 1; where the pictures have
# different sizes, a list of N arrays (C, H_i, W_i).
Pictures = np.ndarray | list[np.ndarray]


class Transform:
    """Base of all transforms: frozen dataclasses that define `apply`.

        augment = RandomCrop(32, padding=4)
        augment(images)                                  draws from tinyconv.random.stream("augment")
        augment(images, np.random.default_rng(0))        or from a generator of one's own

    The pictures keep their data type, the given ones are never changed, and each draws as many random
    numbers as any other: what becomes of a picture does not depend on its neighbours in the batch.

    draws  does it draw random numbers at all?
    """

    draws: ClassVar[bool] = True

    def __call__(self, images: Pictures, rng: np.random.Generator | None = None) -> Any:
        check_pictures(type(self).__name__, images)
        return self.apply(images, random.stream("augment") if rng is None else rng)

    def apply(self, images: Any, rng: np.random.Generator) -> Any:
        """The transformed pictures."""
        raise NotImplementedError(f"{type(self).__name__} does not define apply()")

    def to_dict(self) -> dict[str, Any]:
        """Name and arguments, fit for JSON; `transform_from_dict` reads them."""
        arguments = asdict(self)  # type: ignore[call-overload]  # every transform is a dataclass
        return {"name": type(self).__name__} | {k: list(v) if type(v) is tuple else v for k, v in arguments.items()}


@dataclass(frozen=True)
class Compose(Transform):
    """One transform after the other. Any function of a batch may stand among them, but has no place in a file."""

    transforms: Sequence[Transform | Callable[[Any], Any]]

    def __post_init__(self) -> None:
        for t in self.transforms:
            if not callable(t):
                raise ArgumentError("Compose", f"{t!r} is no transform; give functions of a batch of pictures.")

    @property
    def draws(self) -> bool:  # type: ignore[override]
        return any(getattr(t, "draws", False) for t in self.transforms)

    def apply(self, images: Any, rng: np.random.Generator) -> Any:
        for t in self.transforms:
            images = t(images, rng) if isinstance(t, Transform) else t(images)
        return images

    def to_dict(self) -> dict[str, Any]:
        for t in self.transforms:
            if not isinstance(t, Transform):
                raise ArgumentError("Compose.to_dict", f"{t!r} cannot be written to a file; make it a Transform.")
        return {"name": "Compose", "transforms": [t.to_dict() for t in self.transforms if isinstance(t, Transform)]}


def check_pictures(name: str, images: Any) -> None:
    """Refuse what is no batch of pictures."""
    if is_array(images):
        if images.ndim != 4:
            raise ShapeError(name, f"images have shape {images.shape}; they must be (N, C, H, W).")
    elif not isinstance(images, list) or not all(isinstance(x, np.ndarray) and x.ndim == 3 for x in images):
        found = type(images).__name__
        raise ShapeError(name, f"images is a {found}; it must be an array (N, C, H, W), or a list of arrays (C, H, W).")
    for x in images[:1]:
        if x.dtype != np.uint8 and x.dtype.kind != "f":
            raise DTypeError(name, f"images are {x.dtype}; they must be uint8 or floating point.")


def check_same_size(name: str, images: Any) -> None:
    """Refuse a list of pictures where an array is needed."""
    if not is_array(images):
        problem = "the pictures have different sizes; resize or crop them to one size first."
        raise ShapeError(name, problem)
