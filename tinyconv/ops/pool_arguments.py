"""What pooling does with its arguments before anything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError
from tinyconv.geometry import Pair, Window, is_whole, whole
from tinyconv.tensor import Tensor

from .arguments import floating, single

Shape = tuple[int, ...]
OutputSize = int | None | tuple[int | None, int | None]


def pictures(name: str, x: Tensor) -> Tensor:
    """x of floating point, if it is a batch of pictures."""
    if x.ndim != 4:
        raise ShapeError(name, f"input has shape {x.shape}; it must be (N, C, H, W). One picture: x[None].")
    if 0 in x.shape[2:]:
        raise ShapeError(name, f"input has shape {x.shape}; a picture needs at least one pixel.")
    return floating(x)


def window_of(
    name: str, size: int | Pair, stride: int | Pair | None, padding: int | Pair, dilation: int | Pair = 1
) -> Window:
    """The window, if its border is not too wide."""
    window = Window.of(name, size, size if stride is None else stride, padding, dilation)
    if any(max(ends) > extent // 2 for ends, extent in zip(window.padding, window.extent, strict=True)):
        raise ArgumentError(
            name,
            f"padding {padding} is more than half of {window.extent}, the rows and columns of a window.",
        )
    return window


def fitted(name: str, window: Window, picture: Shape, ceil_mode: bool) -> Window:
    """The window for pictures of (H, W), if it fits them."""
    H, W = picture
    if ceil_mode:
        window = window.rounded_up(H, W)
    window.check_fits(name, H, W)
    return window


def window_of_line(name: str, kernel_size: int, stride: int | None, padding: int, dilation: int = 1) -> Window:
    """The window for a picture with a single row, if its arguments make sense."""
    K = single(name, "kernel_size", kernel_size, least=1)
    s = K if stride is None else single(name, "stride", stride, least=1)
    p, d = single(name, "padding", padding, least=0), single(name, "dilation", dilation, least=1)
    return window_of(name, (1, K), (1, s), (0, p), (1, d))


def bins_of(name: str, x: Tensor, output_size: OutputSize) -> Pair:
    """(OH, OW), with the input's size where None was asked for."""
    OH, OW = output_sizes(name, output_size)
    return OH or x.shape[2], OW or x.shape[3]


def output_sizes(name: str, output_size: Any) -> tuple[int | None, int | None]:
    """What was asked for, for the rows and for the columns; None: as many as the input has."""
    both = output_size if isinstance(output_size, (tuple, list)) else (output_size, output_size)
    if len(both) != 2:
        raise ArgumentError(name, f"output_size is {output_size!r}; it must be a number, a pair, or None.")
    OH, OW = (None if n is None else whole(name, "output_size", n, least=1) for n in both)
    return OH, OW


def pyramid(name: str, levels: Sequence[int], mode: str) -> tuple[int, ...]:
    """The levels of a spatial pyramid, if they and the mode are right."""
    if mode not in ("max", "avg"):
        raise UnknownNameError(name, "mode", mode, ("max", "avg"))
    if not isinstance(levels, (tuple, list)) or not levels or not all(is_whole(k) and k >= 1 for k in levels):
        raise ArgumentError(name, f"levels is {levels!r}; it must be whole numbers of at least 1, such as (4, 2, 1).")
    return tuple(int(k) for k in levels)
