"""Adaptive pooling: a picture of any size is cut into a given number of bins.

Bin oy of OH reads the rows from floor(oy*H/OH) to before ceil((oy + 1)*H/OH); neighbours overlap by a row where H/OH
is no whole number. Columns likewise.
"""

from collections.abc import Iterator

from tinyconv.backend import Array, array_module
from tinyconv.geometry import Pair

from . import kernel

Bin = tuple[int, int, slice, slice]


@kernel
def adaptive_max_pool2d(x: Array, size: Pair) -> tuple[Array, Array]:
    """y[n,c,oy,ox] = the largest x of the bin, winner[n,c,oy,ox] = iy*W + ix, where in the picture it is

    x (N, C, H, W)  ->  y, winner (N, C, OH, OW), (OH, OW) = size. Of equals the first wins; NaN wins over every number.
    """
    xp = array_module(x)
    N, C, H, W = x.shape
    place = xp.arange(H * W).reshape(H, W)
    y = xp.empty((N, C, *size), x.dtype)
    winner = xp.empty(y.shape, place.dtype)
    for oy, ox, rows, columns in bins(x.shape, size):
        places = place[rows, columns].reshape(-1)
        pixels = x[:, :, rows, columns].reshape(N, C, places.size)
        k = pixels.argmax(2)
        y[:, :, oy, ox] = xp.take_along_axis(pixels, k[:, :, None], 2)[:, :, 0]
        winner[:, :, oy, ox] = places[k]
    return y, winner


@kernel
def adaptive_avg_pool2d(x: Array, size: Pair) -> Array:
    """y[n,c,oy,ox] = mean of x over the bin;   x (N, C, H, W)  ->  y (N, C, OH, OW), (OH, OW) = size"""
    y = array_module(x).empty((*x.shape[:2], *size), x.dtype)
    for oy, ox, rows, columns in bins(x.shape, size):
        y[:, :, oy, ox] = x[:, :, rows, columns].mean((2, 3))
    return y


@kernel
def adaptive_avg_pool2d_input(dy: Array, shape: tuple[int, ...]) -> Array:
    """dx[n,c,iy,ix] = sum of dy / (pixels of the bin) over all bins that read this pixel;   dx (N, C, H, W) = shape"""
    dx = array_module(dy).zeros(shape, dy.dtype)
    for oy, ox, rows, columns in bins(shape, dy.shape[2:]):
        part = dx[:, :, rows, columns]
        part += dy[:, :, oy, ox, None, None] / (part.shape[2] * part.shape[3])
    return dx


def bins(shape: tuple[int, ...], size: Pair) -> Iterator[Bin]:
    """Every bin (oy, ox), with the rows and the columns that it reads."""
    (H, W), (OH, OW) = shape[2:], size
    for oy in range(OH):
        for ox in range(OW):
            yield oy, ox, read(oy, H, OH), read(ox, W, OW)


def read(o: int, size: int, outputs: int) -> slice:
    """From floor(o*size/outputs) to ceil((o + 1)*size/outputs), in whole numbers."""
    return slice(o * size // outputs, -(-(o + 1) * size // outputs))
