"""Max unpooling: back from the largest of every window to a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyconv.backend import Array, array_module
from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.geometry import Pair, Window, is_whole
from tinyconv.tensor import Operand, Tensor, as_tensor, same_device

from .arguments import floating
from .places import in_batch, to_places
from .pool_arguments import pictures


def max_unpool2d(
    input: Operand,
    indices: Operand,
    kernel_size: int | Pair,
    stride: int | Pair | None = None,
    padding: int | Pair = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """y[n,c, indices[n,c,iy,ix]] = x[n,c,iy,ix], 0 elsewhere,   dx[n,c,iy,ix] = dy[n,c, indices[n,c,iy,ix]]

    input x, indices (N, C, H, W)  ->  y (N, C, OH, OW),   OH = (H - 1)s - 2p + KH

    indices      oy*OW + ox, as max_pool2d gives them with return_indices=True
    stride       kernel_size if None
    output_size  (OH, OW) or (N, C, OH, OW), where pooling had rounded: less than a stride from the above
    Of inputs with the same index the last one, in row-major order, stays, and it alone gets a gradient.
    (PyTorch leaves open which one stays, and gives all of them the gradient.)
    Raises ShapeError, ArgumentError, DTypeError.   Zeiler and Fergus 2014, section 2.1
    """
    name = "max_unpool2d"
    x, where = pictures(name, floating(input)), as_tensor(indices)
    same_device(name, x, where)
    if where.dtype.kind not in "iu":
        raise DTypeError(name, f"indices are {where.dtype}; they must be whole numbers, as max_pool2d returns them.")
    if where.shape != x.shape:
        raise ShapeError(name, f"indices have shape {where.shape}, input {x.shape}; they must be equal.")
    window = Window.of(name, kernel_size, kernel_size if stride is None else stride, padding)
    OH, OW = _output_size(name, window, x.shape[2:], output_size)
    outside = (where.data < 0) | (where.data >= OH * OW)
    if outside.any():
        wrong = int(where.data[outside][0])
        problem = f"indices contain {wrong}; {OH}x{OW} pixels have indices from 0 to {OH * OW - 1}."
        raise ArgumentError(name, f"{problem} If the pooling had a larger input, give its size as output_size.")
    Y = (*x.shape[:2], OH, OW)
    return to_places(x, _last_of_equals(in_batch(where.data.astype(np.int64), Y)), Y)


def _last_of_equals(place: Array) -> Array:
    """The places, with -1 instead of those that a later one repeats."""
    xp = array_module(place)
    if not place.size:
        return place
    order = xp.arange(place.size).reshape(place.shape)
    last = xp.zeros(int(place.max()) + 1, order.dtype)
    xp.maximum.at(last, place, order)
    return xp.where(last[place] == order, place, -1)


def _output_size(name: str, window: Window, picture: tuple[int, ...], asked: Sequence[int] | None) -> Pair:
    """(OH, OW) that pooling may have had as its input: the one that it cuts up without rest, or the one asked for."""
    (SH, SW), (KH, KW), ((top, bottom), (left, right)) = window.stride, window.size, window.padding
    H, W = picture
    OH, OW = (H - 1) * SH - top - bottom + KH, (W - 1) * SW - left - right + KW
    if asked is None:
        if OH < 1 or OW < 1:
            axis = 0 if OH < 1 else 1
            formula = window.transposed_formula(axis, picture[axis])
            raise ShapeError(
                name, f"{window} and a {H}x{W} input give an output of {OH}x{OW}. {formula}. Lower the padding."
            )
        return OH, OW
    sizes = tuple(asked) if isinstance(asked, (tuple, list)) and all(map(is_whole, asked)) else ()
    h, w = sizes[-2:] if len(sizes) in (2, 4) else (0, 0)
    if h < 1 or w < 1 or abs(h - OH) >= SH or abs(w - OW) >= SW:
        limits = f"OH less than {SH} from {OH}, OW less than {SW} from {OW}"
        raise ArgumentError(name, f"output_size is {asked!r}; it must be (OH, OW) with {limits}.")
    return int(h), int(w)
