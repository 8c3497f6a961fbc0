"""Pictures put together from rows and columns of others: cut out, mirrored, continued beyond their borders."""

import numpy as np

from tinyconv.backend import Array, array_module

from . import kernel


@kernel
def pick_pixels(x: Array, rows: np.ndarray, columns: np.ndarray, fill: float) -> Array:
    """y[n, c, i, j] = x[n, c, rows[n, i], columns[n, j]],   or `fill` where one of the two is -1

    x (N, C, H, W), rows (N, OH), columns (N, OW)   ->   y (N, C, OH, OW) of x's dtype
    """
    xp = array_module(x)
    rows, columns = xp.asarray(rows)[:, :, None], xp.asarray(columns)[:, None]
    n = xp.arange(len(x))[:, None, None]
    y = xp.moveaxis(x[n, :, rows, columns], -1, 1)  # (N, OH, OW, C) -> (N, C, OH, OW)
    outside = (rows < 0) | (columns < 0)
    return xp.where(outside[:, None], x.dtype.type(fill), y)
