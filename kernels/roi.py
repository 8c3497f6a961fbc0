"""Regions of interest: from R boxes in N pictures, one small map of OH x OW bins each.

picture  (R,): which picture each box lies in.
"""

import numpy as np

from tinyconv.backend import Array, array_module

from . import kernel


@kernel
def roi_pool(x: Array, picture: Array, rows: Array, columns: Array) -> tuple[Array, Array]:
    """y[r,c,oy,ox] = the largest x[picture[r],c,iy,ix] with iy in rows[r,oy], ix in columns[r,ox]; 0 if there is none

    x (N, C, H, W)   rows (R, OH, 2), columns (R, OW, 2): from, to before  ->  y, winner (R, C, OH, OW)
    winner is the place in x, ((n*C + c)*H + iy)*W + ix, or -1. Of equals the first wins; NaN wins over every number.
    """
    xp = array_module(x)
    N, C, H, W = x.shape
    (R, OH), OW = rows.shape[:2], columns.shape[1]
    y, winner = xp.zeros((R, C, OH, OW), x.dtype), xp.full((R, C, OH, OW), -1)
    for r, oy, ox in np.ndindex(R, OH, OW):
        n, (y0, y1), (x0, x1) = picture[r], rows[r, oy], columns[r, ox]
        if y0 < y1 and x0 < x1:
            pixels = x[n, :, y0:y1, x0:x1].reshape(C, (y1 - y0) * (x1 - x0))
            k = pixels.argmax(1)
            y[r, :, oy, ox] = pixels[xp.arange(C), k]
            iy, ix = y0 + k // (x1 - x0), x0 + k % (x1 - x0)
            winner[r, :, oy, ox] = ((n * C + xp.arange(C)) * H + iy) * W + ix
    return y, winner


@kernel
def roi_align(x: Array, picture: Array, rows: Array, columns: Array) -> Array:
    """y[r,c] = rows[r] x[picture[r],c] columns[r]^T:  each bin is a weighted sum of rows and columns of the picture

    x (N, C, H, W)   rows (R, OH, H), columns (R, OW, W)  ->  y (R, C, OH, OW)
    """
    xp = array_module(x)
    y = xp.empty((len(rows), x.shape[1], rows.shape[1], columns.shape[1]), x.dtype)
    for r, n in enumerate(picture):
        i, j = used(rows[r]), used(columns[r])
        y[r] = xp.asarray(rows[r, :, i]) @ x[n, :, i, j] @ xp.asarray(columns[r, :, j].T)
    return y


@kernel
def roi_align_input(dy: Array, picture: Array, rows: Array, columns: Array, shape: tuple[int, ...]) -> Array:
    """dx[n,c] = sum of rows[r]^T dy[r,c] columns[r] over all boxes r in picture n;   dx (N, C, H, W) = shape"""
    xp = array_module(dy)
    dx = xp.zeros(shape, dy.dtype)
    for r, n in enumerate(picture):
        i, j = used(rows[r]), used(columns[r])
        dx[n, :, i, j] += xp.asarray(rows[r, :, i].T) @ dy[r] @ xp.asarray(columns[r, :, j])
    return dx


def used(weights: Array) -> slice:
    """From the first to the last pixel that has a weight: what is outside the box takes no part."""
    (found,) = np.nonzero(weights.any(0))
    return slice(found[0], found[-1] + 1) if len(found) else slice(0, 0)
