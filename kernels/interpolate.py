"""Lines of a picture as weighted sums of other lines: every way to make pictures larger or smaller."""

import numpy as np

from tinyconv.backend import Array
from tinyconv.memory import empty_like

from . import kernel


@kernel
def resample(x: Array, weights: np.ndarray, axis: int) -> Array:
    """y[..., o, ...] = sum_i weights[o, i] x[..., i, ...] along one axis

    x (..., H, ...)   weights (OH, H), mostly zeros, which are left out: a NaN spreads no further than its weights
    ->   y (..., OH, ...) of x's dtype
    """
    y = empty_like(x, (*x.shape[:axis], len(weights), *x.shape[axis + 1 :]))
    before = (slice(None),) * axis
    for o, row in enumerate(weights.astype(x.dtype)):
        y[(*before, o)] = sum(row[i] * x[(*before, i)] for i in np.flatnonzero(row))
    return y
