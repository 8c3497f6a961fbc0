"""The dense view: the net goes over the whole picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tinyconv.data.transforms.base import Pictures

from .view import View, and_mirrored, check_resize


@dataclass(frozen=True)
class DenseView(View):
    """The whole picture, and it mirrored, for the net in its fully convolutional form.   2 batches of any sizes

    resize  pixels of the shortest side before that; None: as they are
    flip    False leaves out the mirrored ones
    Scores are averaged over all positions of the net on the picture; then the probabilities over the two batches.
    ArgumentError for a size that is none.

    Simonyan and Zisserman 2015, arXiv:1409.1556, section 3.2; Sermanet et al. 2014, arXiv:1312.6229
    """

    resize: int | None = None
    flip: bool = True
    dense = True

    def __post_init__(self) -> None:
        check_resize("DenseView", self.resize)

    def batches(self, pictures: Any) -> Iterator[Pictures]:
        return and_mirrored(pictures, self.flip)
