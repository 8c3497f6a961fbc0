"""What all views share: how pictures are resized, cropped and mirrored before a net sees them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from tinyconv.data.transforms.base import Pictures
from tinyconv.data.transforms.pieces import check_fits, cut, sizes_of
from tinyconv.data.transforms.resize import Resize
from tinyconv.errors import ArgumentError
from tinyconv.geometry import whole

Side = int | tuple[int, int]  # pixels of a square, or (rows, columns)


class View:
    """A way to show pictures to a net; frozen dataclasses that define `batches`.

    view(pictures) gives batches of N pictures, one after the other: each time the same N, cut or turned in another
    way. Their probabilities are averaged by `evaluate_views`.
    resize  pixels of the shortest side that the pictures get first; None leaves them as they are
    dense   must the net see whole pictures, whatever their size? Then it is used in its fully convolutional form
    """

    resize: int | None
    dense = False

    def __call__(self, pictures: Pictures) -> Iterator[Pictures]:
        return self.batches(pictures if self.resize is None else Resize(self.resize)(pictures))

    def batches(self, pictures: Any) -> Iterator[Pictures]:
        """The pictures, resized already, in each way that the view has."""
        raise NotImplementedError(f"{type(self).__name__} does not define batches()")


AnyView = TypeVar("AnyView", bound=View)


def scales(view: AnyView, sizes: Sequence[int]) -> tuple[AnyView, ...]:
    """The view at several scales: of pictures whose shortest side has so many pixels, for each of `sizes`.

    VGG's are S - 32, S and S + 32 for nets trained with a shortest side of S.
    Simonyan and Zisserman 2015, arXiv:1409.1556, section 4.2
    """
    if not sizes:
        raise ArgumentError("scales", "sizes is empty; give the shortest sides, such as (224, 256, 288).")
    return tuple(replace(view, resize=size) for size in sizes)  # type: ignore[type-var]  # views are dataclasses


# ---------------------------------------------------------------- what views are made of


def crop_at(name: str, pictures: Pictures, size: tuple[int, int], down: float, right: float) -> np.ndarray:
    """h x w pixels of each picture, (N, C, h, w), from 0 (at the top, on the left) to 1 (at the bottom, on the right)

    Of H - h rows that are left over, round(down (H - h)) are above.
    """
    sizes = sizes_of(pictures)
    check_fits(name, sizes, size, "Choose a smaller crop, or a larger resize.")
    corners = np.rint((sizes - size) * (down, right)).astype(int)
    return cut(pictures, corners, size)


def and_mirrored(pictures: Pictures, flip: bool) -> Iterator[Pictures]:
    """The pictures, and then with left and right exchanged if that is wanted."""
    yield pictures
    if flip:
        yield np.flip(pictures, -1) if isinstance(pictures, np.ndarray) else [np.flip(x, -1) for x in pictures]


def check_resize(name: str, resize: Any) -> None:
    if resize is not None:
        whole(name, "resize", resize, least=1)
